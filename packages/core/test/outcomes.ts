import type { Send } from "../src/migration/events.ts";
import {
  type DestinationHost,
  type Message,
  type SourceHost,
  type Turn,
  crashAfter,
  destinationHears,
  destinationSteps,
  finish,
  guestId,
  sourceHears,
  sourceSteps,
} from "./hosts.ts";
import { type Fencing, type Orchestrated, fencedBy, isTold } from "./orchestrated.ts";
import { die, restartDestination, restartSource } from "./restarts.ts";

/** What can become of a party when something happens to it. A fault (a crash, something that breaks) costs one. */
export interface Outcome<State> {
  state: State;
  sent: readonly (Message | Send)[];
  cost: 0 | 1;
}

/** Without a message, time passes: enough to ask again, or enough for the orchestrator to lose patience. */
export function orchestratorOutcomes(
  state: Orchestrated,
  message: Message | Send | undefined,
): Outcome<Orchestrated>[] {
  if (message === undefined)
    return [1_000, 60_000].map((now) => ({ ...isTold(state, { type: "tick" }, now), cost: 0 }));
  return message.to === "orchestrator" ? [{ ...isTold(state, message.event, 0), cost: 0 }] : [];
}

export function orchestratorIsTold(state: Orchestrated, fencing: Fencing): Outcome<Orchestrated>[] {
  return [{ ...fencedBy(state, fencing), cost: 0 }];
}

export function sourceOutcomes(
  host: SourceHost,
  message: Message | Send | undefined,
  devicesDie = false,
): Outcome<SourceHost>[] {
  const happens = (turn: Turn<SourceHost>) => whole(turn, restartSource);
  if (!host.alive) return [];
  if (message !== undefined && "command" in message) return happens(sourceHears(host, message.command));
  if (message !== undefined) return happens(sourceSteps(host, { type: "loaded" }));
  const stopped = host.handover.at === "freezing" ? happens(sourceSteps(host, { type: "stopped" })) : [];
  return [
    ...stopped,
    breaking(sourceSteps(host, { type: "failed", ...broke })),
    crashed(restartSource(host)),
    ...(devicesDie && host.devices === "stopped"
      ? [crashed({ host: { ...host, devices: "spent" as const }, sent: [] })]
      : []),
  ];
}

export function destinationOutcomes(
  host: DestinationHost,
  message: Message | Send | undefined,
): Outcome<DestinationHost>[] {
  const happens = (turn: Turn<DestinationHost>) => whole(turn, restartDestination);
  if (!host.alive) return [];
  if (message !== undefined && "command" in message) return happens(destinationHears(host, message.command));
  if (message !== undefined && "peer" in message) {
    const grant = { type: "grant" as const, epoch: host.handover?.epoch ?? 0 };
    return happens(destinationSteps(host, message.peer === "grant" ? grant : { type: "loaded" }));
  }
  const starting = host.handover?.at === "granted" && host.devices === "running";
  const doesNotStart = (isWhole: boolean) =>
    breaking(destinationSteps(host, { type: "startFailed", whole: isWhole, ...broke }));
  return [
    ...(starting
      ? [...happens(destinationSteps(host, { type: "started" })), doesNotStart(true), doesNotStart(false)]
      : []),
    breaking(destinationSteps(host, { type: "failed", ...broke })),
    crashed(restartDestination(host)),
  ];
}

/** Somebody lets a copy run that may be older. */
export function olderCopyIsAccepted(state: Orchestrated): Outcome<Orchestrated>[] {
  return [{ ...isTold(state, { type: "olderCopyAccepted", by: "" }, 0), cost: 0 }];
}

export function sourceDies(host: SourceHost): Outcome<SourceHost>[] {
  return [{ state: die(host), sent: [], cost: 1 }];
}

export function destinationDies(host: DestinationHost): Outcome<DestinationHost>[] {
  return [{ state: die(host), sent: [], cost: 1 }];
}

const broke = { code: "BROKEN", detail: "a device failed" };

/** The turn is finished, or the agent crashes before any of its acts. */
function whole<Host>(turn: Turn<Host>, restart: (host: Host) => { host: Host; sent: Message[] }): Outcome<Host>[] {
  const { host: state, sent } = finish(turn);
  const crashes = turn.acts.map((_, count) => {
    const part = crashAfter(turn, count);
    return crashed(restart(part.host), part.sent);
  });
  return [{ state, sent, cost: 0 }, ...crashes];
}

function breaking<Host>(turn: Turn<Host>): Outcome<Host> {
  const { host: state, sent } = finish(turn);
  return { state, sent, cost: 1 };
}

function crashed<Host>({ host, sent }: { host: Host; sent: Message[] }, before: Message[] = []): Outcome<Host> {
  return { state: host, sent: [...before, ...sent], cost: 1 };
}

export function keyOfHost(host: SourceHost | DestinationHost): string {
  const { handover, live, alive, devices, parts, ...rest } = host;
  const known = parts.get(guestId);
  return JSON.stringify([handover, live, alive, devices, known?.part, known?.refusedEpoch, rest]);
}
