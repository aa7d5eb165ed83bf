import { objectionsOf, type Pending } from "@godwit/backend";
import type { AgentAnswer, AgentRequest, DeviceDefinition, Refusal } from "@godwit/contract";
import { type AgentParts, addressesOf } from "./attempts/parts.ts";
import type { DeviceAddress } from "./plane/calls.ts";
import { codeOf, detailOf, pointerOf } from "./plane/failure.ts";

/** Answers a question of the orchestrator's; what is thrown carries a code and is told as a refusal. */
export async function answerTo(request: AgentRequest, parts: AgentParts): Promise<AgentAnswer<AgentRequest["ask"]>> {
  switch (request.ask) {
    case "createGuest":
      return await createGuest(request, parts);
    case "removeGuest":
      return await removeGuest(request.guestId, parts);
    case "describeGuest":
      return await describeGuest(request.guestId, parts);
    case "checkGuest":
      return await checkGuest(request, parts);
    case "inspectSave":
      return await parts.plane.inspectSave(request.folder);
  }
}

/** What was thrown instead of an answer, in the words of the contract. */
export function refusalOf(error: unknown): Refusal {
  return error instanceof DeviceRefused ? error.refusal : { code: codeOf(error), detail: detailOf(error) };
}

/**
 * The guest is journaled before its devices serve anyone; a device that fails takes the others with it. What is adopted is noted first: a
 * guest of which only that has been done is not there after a restart, and whoever runs its processes does so as before.
 */
async function createGuest(
  { guestId, name, devices: wanted }: AgentRequest & { ask: "createGuest" },
  { plane, journal, guests }: AgentParts,
): Promise<AgentAnswer<"createGuest">> {
  const known = journal.parts.get(guestId);
  if (known !== undefined) return { devices: guests.status(guestId), definitions: known.definitions };
  const devices = await adoptAll(wanted, (device) => addressOf(guestId, name, device), plane);
  await journal.append({ entry: "created", guestId, name, definitions: devices });
  const addresses = devices.map((device) => addressOf(guestId, name, device));
  const outcomes = await Promise.allSettled(addresses.map((address) => plane.create(address)));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure !== undefined) {
    const isLeft = (_: DeviceAddress, index: number) =>
      outcomes[index]?.status === "fulfilled" || wanted[index] !== devices[index];
    await Promise.allSettled(addresses.filter(isLeft).map((address) => plane.remove(address)));
    await journal.append({ entry: "removed", guestId });
    throw new DeviceRefused(devices[outcomes.indexOf(failure)]?.name ?? "", failure.reason);
  }
  const statuses = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  guests.add(guestId, statuses);
  return { devices: statuses, definitions: devices };
}

/** All or none is taken over; what is not to be is returned as the same definition. */
async function adoptAll(
  wanted: DeviceDefinition[],
  addressFor: (device: DeviceDefinition) => DeviceAddress,
  plane: AgentParts["plane"],
): Promise<DeviceDefinition[]> {
  const settled: DeviceDefinition[] = [];
  for (const device of wanted) {
    try {
      const isToBe = Object.hasOwn(device.config, "adopt");
      settled.push(isToBe ? { ...device, config: await plane.adopt(addressFor(device)) } : device);
    } catch (error) {
      const adopted = settled.filter((each, index) => each !== wanted[index]);
      await Promise.allSettled(adopted.map((each) => plane.remove(addressFor(each))));
      throw new DeviceRefused(device.name, error);
    }
  }
  return settled;
}

/** A device could not be created; what was created before it has been removed again. */
class DeviceRefused extends Error {
  override name = "DeviceRefused";
  readonly refusal: Refusal;
  constructor(device: string, cause: unknown) {
    super(detailOf(cause), { cause });
    this.refusal = { code: codeOf(cause), detail: detailOf(cause), device, pointer: pointerOf(cause) };
  }
}

async function removeGuest(
  guestId: string,
  { plane, journal, guests }: AgentParts,
): Promise<AgentAnswer<"removeGuest">> {
  const guest = guests.owner(guestId);
  if (guest === undefined) return {};
  for (const address of addressesOf(guest)) await plane.remove(address);
  await journal.append({ entry: "removed", guestId });
  guests.forget(guestId);
  return {};
}

async function describeGuest(guestId: string, { plane, guests }: AgentParts): Promise<AgentAnswer<"describeGuest">> {
  const guest = guests.owner(guestId);
  if (guest === undefined)
    throw Object.assign(new Error("this host does not own the guest"), { code: "guest-not-settled" });
  const described = await Promise.all(addressesOf(guest).map((address) => plane.describe(address)));
  return {
    epoch: guest.part.epoch,
    devices: guests.status(guestId),
    peers: described.map(({ name, backend, sizeBytes, needs }) => ({ name, backend, sizeBytes, needs })),
    pending: Object.fromEntries(described.map(({ name, pending }) => [name, inWholeBytes(pending)])),
    dirty: await plane.dirtyHistory(guestId),
  };
}

/** Bytes are integers on the wire; a back end may reckon in fractions. */
function inWholeBytes(pending: Pending): Pending {
  return {
    ...pending,
    initialBytes: Math.ceil(pending.initialBytes),
    precopyBytes: Math.ceil(pending.precopyBytes),
    stopcopyBytes: Math.ceil(pending.stopcopyBytes),
  };
}

async function checkGuest(
  { guestId, name, devices, peers }: AgentRequest & { ask: "checkGuest" },
  { plane, journal }: AgentParts,
): Promise<AgentAnswer<"checkGuest">> {
  const held = journal.parts.get(guestId);
  if (held !== undefined)
    return { refusals: [{ code: "guest-not-settled", detail: "this host still holds a copy of the guest" }] };
  const refusals = await Promise.all(
    devices.map(async (device): Promise<Refusal[]> => {
      const peer = peers.find((each) => each.name === device.name);
      if (peer === undefined) return [];
      try {
        const check = await plane.check(addressOf(guestId, name, device), peer);
        return objectionsOf(check).map(({ reason: detail, ...rest }) => ({ ...rest, detail, device: device.name }));
      } catch (error) {
        return [{ code: codeOf(error), detail: detailOf(error), device: device.name }];
      }
    }),
  );
  return { refusals: refusals.flat() };
}

function addressOf(guestId: string, guestName: string, { name, kind, config }: DeviceDefinition): DeviceAddress {
  return { guestId, guestName, device: name, kind, config };
}
