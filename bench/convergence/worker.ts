/** Works through a share of the scenarios and sends its rows as lines of JSON. */
import { kinds } from "@godwit/sim";
import { z } from "zod";
import { rowsOf } from "./rows.ts";

const Order = z.object({
  from: z.int(),
  seeds: z.int(),
  worker: z.int(),
  workers: z.int(),
  rules: z.array(z.string()),
});

const { from, seeds, worker, workers, rules } = Order.parse(JSON.parse(process.argv[2] ?? "{}"));
for (let index = worker; index < seeds * kinds.length; index += workers) {
  const kind = kinds[index % kinds.length];
  if (kind === undefined) continue;
  for (const row of rowsOf(kind, from + Math.floor(index / kinds.length), rules)) console.log(JSON.stringify(row));
}
