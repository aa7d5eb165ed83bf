import { learn, type Learned } from "@godwit/core";
import type { Store } from "@godwit/store";

const migrationsAtMost = 20;
const devicesAtMost = 50;

/** What finished migrations between the two hosts, and of devices of these back ends, have taught. */
export async function learntOf(
  { outcomes }: Pick<Store, "outcomes">,
  pair: { sourceId: string; destinationId: string },
  devices: { name: string; kind: string; version: string | undefined }[],
): Promise<Learned> {
  const ofPair = await outcomes.ofPair(pair.sourceId, pair.destinationId, migrationsAtMost);
  const ofBackEnds = await Promise.all(
    devices.map(async ({ name, kind, version }) => ({
      name,
      outcomes: version === undefined ? [] : await outcomes.ofBackEnd(kind, version, devicesAtMost),
    })),
  );
  return learn(ofPair, ofBackEnds);
}
