import { foldJournal } from "../src/handover/journal.ts";
import type { Send } from "../src/migration/events.ts";
import type { SourceHandover } from "../src/handover/source.ts";
import type { Role } from "../src/migration/state.ts";
import {
  type DestinationHost,
  epoch,
  guestId,
  ids,
  type Message,
  ownedEpoch,
  regranted,
  type SourceHost,
} from "./hosts.ts";
import { hearsClaim, isTold, type Orchestrated } from "./orchestrated.ts";

/** The journal decides what a restarted agent is: what was released stays frozen, anything else that is owned runs again. */
export function restartSource(host: SourceHost): { host: SourceHost; sent: Message[] } {
  const { parts, devices: before } = host;
  const known = parts.get(guestId);
  const [at, devices] = ((): [SourceHandover["at"], SourceHost["devices"]] => {
    if (known === undefined) return ["discarded", "gone"];
    if (known.part.as === "released") return ["released", before === "spent" ? "spent" : "stopped"];
    const serving = before === "held" || before === "spent" ? before : "running";
    if (known.refusedEpoch === epoch) return ["refused", serving];
    return [known.part.epoch === ownedEpoch ? "owns" : "reclaimed", serving];
  })();
  const attempt = at === "released" ? at : undefined;
  const ranOn = host.ranOn || (before === "stopped" && devices === "running");
  const restarted = { ...host, handover: { epoch, at, whole: true }, live: false, devices, ranOn };
  return { host: restarted, sent: [connected("source", attempt)] };
}

/** What was loaded is gone; what was granted is owned, and runs. */
export function restartDestination(host: DestinationHost): { host: DestinationHost; sent: Message[] } {
  const known = host.parts.get(guestId);
  if (known === undefined) {
    const handover = host.handover === undefined ? undefined : { epoch, at: "dropped" as const, whole: false };
    const restarted: DestinationHost = { ...host, handover, live: false, devices: "none" };
    return { host: restarted, sent: [connected("destination", undefined)] };
  }
  if (known.part.as === "owner") {
    const owned = known.part.epoch === regranted ? regranted : undefined;
    const restarted: DestinationHost = {
      ...host,
      handover: { epoch, at: "running", whole: true, owned },
      live: false,
      devices: host.devices === "held" ? "held" : "running",
      ran: host.ran || host.devices !== "held",
    };
    return { host: restarted, sent: [connected("destination", "running")] };
  }
  const parts =
    known.part.as === "reserved" ? foldJournal(host.parts, { entry: "revoked", ...ids(epoch) }) : host.parts;
  const restarted: DestinationHost = {
    ...host,
    parts,
    handover: { epoch, at: "revoked", whole: false },
    live: false,
    devices: "none",
  };
  return { host: restarted, sent: [connected("destination", "revoked")] };
}

/** The machine is dead: nothing of it runs, and it answers nothing. What matters of it is what it would be if it came back. */
export function die<Host extends SourceHost | DestinationHost>(host: Host): Host {
  return { ...startAnew(host).host, alive: false };
}

/**
 * H8: the hello of a machine that is started anew, and of one that still holds its guest. Of the guests that it owns none runs before
 * the orchestrator's word. Both go over one connection, which the death of either side ends: an answer never reaches a machine that
 * has been started anew since. Coming back is a fault, saying hello again is none.
 */
export function sayHello<Host extends SourceHost | DestinationHost>(
  before: Orchestrated,
  role: Role,
  host: Host,
): { state: Orchestrated; host: Host; sent: (Message | Send)[]; cost: 0 | 1 } | undefined {
  if (host.alive && host.devices !== "held") return undefined;
  const cost = host.alive ? 0 : 1;
  const part = host.parts.get(guestId)?.part;
  const back = host.alive ? { host, attempt: "running" } : startAnew(host);
  const attempt = role === "source" && back.attempt !== "released" ? undefined : back.attempt;
  const event = { type: "connected" as const, role, attempt };
  if (part?.as !== "owner") return { ...isTold(before, event, 0), host: back.host, cost };
  const told = hearsClaim(before, event, part.epoch);
  return { state: told.state, host: afterHello(back.host, told), sent: told.sent, cost };
}

function startAnew<Host extends SourceHost | DestinationHost>(host: Host): { host: Host; attempt: string | undefined } {
  const owns = host.parts.get(guestId)?.part.as === "owner";
  const devices = "ran" in host ? "none" : host.devices;
  const machine = { ...host, alive: true, devices: owns && devices !== "spent" ? "held" : devices };
  const { host: started, sent } = "ran" in machine ? restartDestination(machine) : restartSource(machine);
  const [hello] = sent;
  if (hello === undefined || !("event" in hello) || hello.event.type !== "connected")
    throw new Error("It says no hello");
  return { host: { ...host, ...started }, attempt: hello.event.attempt };
}

function afterHello<Host extends SourceHost | DestinationHost>(
  host: Host,
  { judgement, state }: ReturnType<typeof hearsClaim>,
): Host {
  switch (judgement) {
    case "open":
      return host;
    case "confirmed":
      return { ...host, devices: "running", ...("ran" in host ? { ran: true } : { ranOn: true }) };
    case "overtaken": {
      const parts = foldJournal(host.parts, { entry: "disowned", guestId, epoch: state.known.epoch });
      const gone = { parts, live: false };
      return "ran" in host
        ? { ...host, ...gone, handover: { epoch, at: "dropped", whole: false }, devices: "none" }
        : { ...host, ...gone, handover: { epoch, at: "discarded", whole: true }, devices: "gone" };
    }
  }
}

function connected(role: Role, attempt: string | undefined): Message {
  return { to: "orchestrator", event: { type: "connected", role, attempt } };
}
