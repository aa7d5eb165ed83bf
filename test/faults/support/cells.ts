/** The matrix: at which point of the switchover, who is struck and how, and what must come of it. */

export type Party = "server" | "source" | "destination";
export type Blow = "killed" | "paused";
/** The links of a host: to the orchestrator, to the other host, and to the guest's clients. */
export type Link = "source to server" | "destination to server" | "source to destination" | "source to clients";

export interface Step {
  of: Party;
  /** As `strike.ts` names it. */
  edge: string;
  says: string;
  /** What comes of it when the party itself is killed there. */
  killed: Outcome;
}

/** `failed` is that the source keeps the guest, or takes it back. */
export type Outcome = "completed" | "failed";

export interface Cell {
  step: Step;
  blows: Partial<Record<Party, Blow>>;
  cut: Link[];
  /** How long who is paused stays so, and what is cut stays cut: part of the fault. */
  holdMs: number | "untilEnded";
  /** Who is killed is started again only once the guest has moved: nobody needs it until then. */
  needless: boolean;
  outcome: Outcome;
}

const server = (edge: string, says: string): Step => ({ of: "server", edge, says, killed: "completed" });
const source = (edge: string, says: string, killed: Outcome): Step => ({ of: "source", edge, says, killed });
const destination = (edge: string, says: string, killed: Outcome): Step => ({ of: "destination", edge, says, killed });

export const steps = {
  deciding: server("stores switchover", "before it has committed the switchover"),
  decided: server("says freeze", "after it has committed the switchover"),
  freezeSent: server("said freeze", "after `freeze` was sent"),
  hearsReleased: server("hears released", "on hearing `released`"),
  hearsRunning: server("hears running", "on hearing `running`"),
  discards: server("says discard", "before `discard`"),
  freezes: source("hears freeze", "on `freeze`", "failed"),
  stopped: source("plane tells stopped", "after the devices stopped", "failed"),
  confirmed: source("plane tells confirmed", "on the word `loaded`", "failed"),
  releasing: source("journals released", "before the line `released`", "failed"),
  releaseTorn: source("tears released", "in the midst of the line `released`", "failed"),
  releaseUnsynced: source("syncs released", "before the line `released` is synced", "completed"),
  released: source("synced released", "after the line `released` is synced", "completed"),
  granted: source("plane answers grant", "after the grant", "completed"),
  discarding: source("hears discard", "on `discard`", "completed"),
  discardUnsynced: source("syncs discarded", "before the line `discarded` is synced", "completed"),
  discarded: source("says discarded", "before `discarded`", "completed"),
  loaded: destination("plane tells received", "when all is loaded", "failed"),
  saysLoaded: destination("says loaded", "before it says `loaded`", "failed"),
  hearsGrant: destination("plane tells granted", "on the grant", "failed"),
  granting: destination("journals granted", "before the line `granted`", "failed"),
  grantTorn: destination("tears granted", "in the midst of the line `granted`", "failed"),
  grantUnsynced: destination("syncs granted", "before the line `granted` is synced", "completed"),
  grantSynced: destination("synced granted", "after the line `granted` is synced", "completed"),
  started: destination("plane answers start", "after the devices started", "completed"),
  running: destination("says running", "before it says `running`", "completed"),
} satisfies Record<string, Step>;

const shortHoldMs = 3_000;

/** The server is not in the way of a switchover, once `freeze` has left it. */
export const freezeSentAndKilled: Cell = {
  ...cell(steps.freezeSent, { server: "killed" }, "completed"),
  needless: true,
};
export const freezeSentAndSpared: Cell = { ...freezeSentAndKilled, blows: {} };
export const freezeSentAndPaused: Cell = cell(steps.freezeSent, { server: "paused" }, "completed");

/** Every step with the party itself killed. */
export const killed: Cell[] = Object.values(steps).map((step) =>
  step === steps.freezeSent ? freezeSentAndKilled : cell(step, { [step.of]: "killed" }, step.killed),
);

export const pairs: Cell[] = [
  cell(steps.freezeSent, { server: "killed", source: "killed" }, "failed"),
  cell(steps.grantSynced, { server: "killed", destination: "killed" }, "completed"),
  cell(steps.releaseUnsynced, { source: "killed", destination: "killed" }, "failed"),
  cell(steps.grantUnsynced, { source: "killed", destination: "killed" }, "completed"),
  cell(steps.discarding, { source: "killed", destination: "killed" }, "completed"),
];

/** Who wakes believes what has passed: that the destination holds the state, that the grant is still good, that it is asked for. */
export const paused: Cell[] = [
  freezeSentAndPaused,
  cell(steps.hearsReleased, { server: "paused" }, "completed"),
  cell(steps.stopped, { source: "paused" }, "completed"),
  cell(steps.releasing, { source: "paused" }, "completed"),
  cell(steps.granted, { source: "paused" }, "completed"),
  cell(steps.loaded, { destination: "paused" }, "completed"),
  cell(steps.granting, { destination: "paused" }, "completed"),
  cell(steps.running, { destination: "paused" }, "completed"),
  cell(steps.releasing, { source: "paused", destination: "killed" }, "failed"),
  cell(steps.hearsGrant, { destination: "paused", source: "killed" }, "completed"),
  cell(steps.hearsGrant, { destination: "paused", server: "killed" }, "completed"),
];

const ofSource: Link[] = ["source to server", "source to destination"];
const ofDestination: Link[] = ["destination to server", "source to destination"];

/**
 * Links that are dead for a while, or until the migration has ended without them: where the grant cannot pass from source to
 * destination the orchestrator carries it, and where the rest of the state cannot the source is asked to keep the guest.
 */
export const cut: Cell[] = [
  { ...cell(steps.freezes, {}, "completed"), cut: ["source to server"] },
  { ...cell(steps.freezes, {}, "completed"), cut: ["source to clients"] },
  { ...cell(steps.freezes, {}, "completed"), cut: ["source to destination"] },
  { ...cell(steps.freezes, {}, "failed"), cut: ["source to destination"], holdMs: "untilEnded" },
  { ...cell(steps.released, {}, "completed"), cut: ["source to destination"], holdMs: "untilEnded" },
  { ...cell(steps.released, { source: "killed" }, "completed"), cut: ["source to destination"], holdMs: "untilEnded" },
  { ...cell(steps.released, {}, "completed"), cut: ofSource },
  { ...cell(steps.saysLoaded, {}, "completed"), cut: ofDestination },
  { ...cell(steps.hearsGrant, {}, "completed"), cut: ["destination to server"] },
  { ...cell(steps.running, {}, "completed"), cut: ofDestination },
];

function cell(step: Step, blows: Cell["blows"], outcome: Outcome): Cell {
  return { step, blows, cut: [], holdMs: shortHoldMs, needless: false, outcome };
}

/** What the columns of the table are called. */
export function faultOf({ blows, cut: links, holdMs }: Cell): string {
  const parties = Object.entries(blows);
  const kinds = [...new Set(parties.map(([, blow]) => blow))];
  const struck = kinds.map((kind) => {
    const names = parties.filter(([, blow]) => blow === kind).map(([party]) => party);
    return `${names.join(" and ")} ${kind}`;
  });
  return [
    ...struck,
    ...(links.length === 0
      ? []
      : [`${links.join(" and ")} cut${holdMs === "untilEnded" ? " until it has ended" : ""}`]),
  ].join(", ");
}

export function titleOf(cell: Cell): string {
  return `${faultOf(cell)}, ${cell.step.of} ${cell.step.says}`;
}
