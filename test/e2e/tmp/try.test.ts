import { test, expect } from "vitest";
import { alphaAndBeta, Cluster } from "../support/cluster.ts";
import { memoryGuest } from "../support/guests.ts";
test("try", {timeout: 200000}, async () => {
  await using cluster = await Cluster.start(alphaAndBeta());
  console.log(cluster.folder);
  for (let i=0;i<12;i++) {
  const g = await memoryGuest(cluster, { name: "planned" });
  const body = { guest: "planned", destination: "beta" };
  const plans = await Promise.all([1,2].map(async () => await cluster.ask("POST", "/v1/plans", { body })));
  console.log(JSON.stringify(plans.map(p=>(p.body as any).checks.filter((c:any)=>!c.ok))));
  const m = await cluster.ask("POST", "/v1/migrations", { body: { planId: (plans[0]!.body as any).id } });
  if (m.status===202) await cluster.ask("GET", `${m.headers.get("location")}?wait=30`);
  else console.log(m.status, JSON.stringify(m.body));
  console.log((await cluster.ask("DELETE", "/v1/guests/planned")).status);
  const left = [...await cluster.devicesOn("alpha"), ...await cluster.devicesOn("beta")];
  if (left.length) console.log(left);
  }
});
