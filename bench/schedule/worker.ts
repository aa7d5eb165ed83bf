/** Works through a share of the fleets and sends its rows as lines of JSON. */
import { errands } from "@godwit/sim";
import { z } from "zod";
import { rowsOf } from "./rows.ts";

const Order = z.object({
  from: z.int(),
  seeds: z.int(),
  worker: z.int(),
  workers: z.int(),
  policies: z.array(z.string()),
});

const { from, seeds, worker, workers, policies } = Order.parse(JSON.parse(process.argv[2] ?? "{}"));
for (let index = worker; index < seeds * errands.length; index += workers) {
  const errand = errands[index % errands.length];
  if (errand === undefined) continue;
  for (const row of rowsOf(errand, from + Math.floor(index / errands.length), policies))
    console.log(JSON.stringify(row));
}
