import { expect } from "vitest";
import type { Cluster } from "./cluster.ts";
import { pictureOf, settledOn } from "./settled.ts";
import { until } from "./until.ts";

type Known = { name: string; port: number };

/** Nothing of the guest is anywhere but in its folder. */
export async function untilNowhere(cluster: Cluster, guest: Known): Promise<void> {
  const nowhere = { state: "saved", migrating: false, answersOn: [], processesOn: [], journals: {} };
  await until(`${guest.name} is nowhere but in its folder`, async () => {
    expect(await pictureOf(cluster, guest)).toMatchObject(nowhere);
    return true;
  });
}

/** One host owns, runs and answers at this epoch; no other has anything of the guest. */
export async function untilRuns(cluster: Cluster, guest: Known, host: string, epoch: number): Promise<void> {
  await until(`${guest.name} runs on ${host} alone`, async () => {
    expect(await pictureOf(cluster, guest)).toEqual(settledOn(host, epoch));
    return true;
  });
}
