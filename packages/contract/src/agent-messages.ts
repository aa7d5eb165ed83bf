import { z } from "zod";
import { AgentHello, OwnedGuest } from "./agent-hello.ts";
import { BackendInfo, DeviceDefinition, DeviceStatus, DirtyHistory, Needs, Pending } from "./backend.ts";
import { SwitchoverTimings } from "./migration.ts";
import { Bytes, BytesPerSec, Endpoint, Epoch, Id, Ms, Name } from "./primitives.ts";
import { Folder } from "./save.ts";

const ofMigration = { migrationId: Id, guestId: Id };
const ofHandover = { ...ofMigration, epoch: Epoch };
const ofPeer = z.literal(true).optional().meta({ description: "the other side has said so of itself" });

/** What the source says of a device before the destination looks whether it can take it. */
export const PeerDevice = z.object({ name: Name, backend: BackendInfo, sizeBytes: Bytes, needs: Needs.optional() });
export type PeerDevice = z.infer<typeof PeerDevice>;

/** A question with one answer, which comes as a `reply` of the same id. */
export const AgentRequest = z.discriminatedUnion("ask", [
  z.object({ ask: z.literal("createGuest"), guestId: Id, name: Name, devices: z.array(DeviceDefinition) }),
  z.object({ ask: z.literal("removeGuest"), guestId: Id }),
  z.object({ ask: z.literal("describeGuest"), guestId: Id }),
  z.object({
    ask: z.literal("checkGuest"),
    guestId: Id,
    name: Name,
    devices: z.array(DeviceDefinition),
    peers: z.array(PeerDevice),
  }),
  z
    .object({ ask: z.literal("inspectSave"), guestId: Id, folder: Folder })
    .meta({ description: "what the folder says that it holds; the guest is the one that is asked for" }),
]);
export type AgentRequest = z.infer<typeof AgentRequest>;

export const GuestDescription = z.object({
  epoch: Epoch,
  devices: z.array(DeviceStatus),
  peers: z.array(PeerDevice),
  pending: z.record(z.string(), Pending).meta({ description: "by the device's name, as if it were to move now" }),
  dirty: DirtyHistory.optional(),
});
export type GuestDescription = z.infer<typeof GuestDescription>;

/** Why a device or a guest cannot come; the codes are those of the problems. */
export const Refusal = z.object({
  code: z.string(),
  detail: z.string(),
  fix: z.string().optional(),
  device: Name.optional(),
  pointer: z.string().optional().meta({ description: "into the device's configuration (RFC 6901)" }),
});
export type Refusal = z.infer<typeof Refusal>;

const created = z.object({
  devices: z.array(DeviceStatus),
  definitions: z
    .array(DeviceDefinition)
    .optional()
    .meta({ description: "as they are to be kept: of what was adopted, what makes its like on any host" }),
});
const checked = z.object({ refusals: z.array(Refusal) });
const nothing = z.object({});
const inspected = z.object({ saveId: Id, guestId: Id, epoch: Epoch, bytes: Bytes, devices: z.array(DeviceDefinition) });

/** The shape of the answer to each question. */
export const agentAnswers = {
  createGuest: created,
  removeGuest: nothing,
  describeGuest: GuestDescription,
  checkGuest: checked,
  inspectSave: inspected,
} as const satisfies Record<AgentRequest["ask"], z.ZodType>;
export type AgentAnswer<Ask extends AgentRequest["ask"]> = z.infer<(typeof agentAnswers)[Ask]>;

/** From the orchestrator to an agent. Every one but `request` is safe to repeat. */
export const ToAgent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("welcome"),
    hostId: Id,
    reportEveryMs: Ms,
    confirmed: z.array(Id).max(10_000).default([]).meta({
      description: "guests of the hello that this host may run: those that it holds since its machine was started",
    }),
  }),
  z
    .object({ type: z.literal("disown"), guestId: Id, epoch: Epoch, migrationId: Id.optional() })
    .meta({ description: "the guest is owned elsewhere at this epoch: a copy of a lower one is to go" }),
  z.object({ type: z.literal("request"), id: Id, request: AgentRequest }),
  z.object({
    type: z.literal("prepareSource"),
    ...ofHandover,
    ticket: z.string().max(256),
    bandwidthBytesPerSec: BytesPerSec.optional(),
  }),
  z.object({
    type: z.literal("prepareDestination"),
    ...ofHandover,
    name: Name,
    devices: z.array(DeviceDefinition),
    peers: z.array(PeerDevice),
    ticket: z.string().max(256),
    sourceEndpoint: Endpoint,
  }),
  z
    .object({ type: z.literal("prepareSave"), ...ofHandover, folder: Folder })
    .meta({ description: "the guest is to be released into this folder; `freeze` follows" }),
  z
    .object({
      type: z.literal("prepareRestore"),
      ...ofHandover,
      name: Name,
      devices: z.array(DeviceDefinition),
      folder: Folder,
      saveId: Id,
      ofAnother: z
        .literal(true)
        .optional()
        .meta({ description: "the save is another guest's, of which this is to be a copy" }),
    })
    .meta({ description: "the guest is to be loaded from this save; `grant` follows" }),
  z.object({ type: z.literal("precopy"), ...ofMigration }),
  z.object({ type: z.literal("exact"), ...ofMigration, sequence: z.int().positive() }),
  z
    .object({
      type: z.literal("pace"),
      ...ofMigration,
      bandwidthBytesPerSec: BytesPerSec.positive().optional(),
      hold: z.boolean(),
    })
    .meta({
      description:
        "the cap from now on, none where it is absent; while held the source sends nothing, and freeze ends both",
    }),
  z
    .object({ type: z.literal("throttle"), ...ofMigration, share: z.number().min(0).max(0.99) })
    .meta({ description: "the share of its speed that the guest is to lose until it has moved; 0 ends it" }),
  z.object({
    type: z.literal("freeze"),
    ...ofHandover,
    limitMs: Ms.optional().meta({ description: "how long the switchover may take before it is called off" }),
    bandwidthBytesPerSec: BytesPerSec.positive()
      .optional()
      .meta({ description: "what the links on its way carry, which is not exceeded in the switchover either" }),
  }),
  z.object({ type: z.literal("refuse"), ...ofHandover }),
  z.object({ type: z.literal("grant"), ...ofHandover }),
  z.object({ type: z.literal("revoke"), ...ofHandover }),
  z.object({ type: z.literal("reclaim"), ...ofHandover }),
  z
    .object({ type: z.literal("regrant"), ...ofHandover })
    .meta({ description: "the source is fenced: the destination is to run its copy, if that is whole" }),
  z.object({ type: z.literal("discard"), ...ofHandover }),
  z.object({ type: z.literal("abort"), ...ofMigration }),
]);
export type ToAgent = z.infer<typeof ToAgent>;

export const DeviceReport = z.object({
  name: Name,
  pending: Pending,
  rounds: z.int().nonnegative(),
  sentBytes: Bytes,
});
export type DeviceReport = z.infer<typeof DeviceReport>;

const DeviceTimings = SwitchoverTimings.extend({ name: Name, sentBytes: Bytes.optional() });

/** What an agent was told, or was sent at its port, and refused; of which migration, where that can be told. */
const Rejected = z.object({
  type: z.literal("rejected"),
  migrationId: Id.optional(),
  guestId: Id.optional(),
  said: z.string().max(64).meta({ description: "the type of the command or of the frame" }),
  epoch: Epoch.optional(),
  code: z.string().max(64),
  detail: z.string().max(1_000),
});

/** From an agent to the orchestrator. `epoch` is always the one being handed over to. */
export const FromAgent = z.discriminatedUnion("type", [
  AgentHello,
  z
    .object({ type: z.literal("guests"), guests: z.array(OwnedGuest).max(10_000) })
    .meta({ description: "guests of this host that are not any more as they were told" }),
  z
    .object({ type: z.literal("memory"), freeBytes: Bytes })
    .meta({ description: "memory left for guests, which is not any more what was told" }),
  z.object({ type: z.literal("reply"), to: Id, ok: z.literal(true), body: z.unknown() }),
  z.object({ type: z.literal("refusal"), to: Id, ...Refusal.shape }),
  z.object({
    type: z.literal("sourcePrepared"),
    ...ofMigration,
    peers: z.array(PeerDevice),
    dirty: DirtyHistory.optional(),
  }),
  z.object({ type: z.literal("destinationPrepared"), ...ofMigration }),
  z.object({ type: z.literal("declined"), ...ofMigration, role: z.enum(["source", "destination"]), ...Refusal.shape }),
  z.object({
    type: z.literal("report"),
    ...ofMigration,
    atMs: Ms.meta({ description: "the source's monotonic clock" }),
    wireBytes: Bytes,
    busyMs: Ms,
    rttMs: Ms.optional(),
    devices: z.array(DeviceReport),
    exact: z
      .int()
      .positive()
      .optional()
      .meta({ description: "the sequence of the question that this answers exactly" }),
    exactMs: Ms.optional().meta({ description: "how long the back ends took over the exact figures" }),
  }),
  z.object({
    type: z.literal("broken"),
    ...ofMigration,
    role: z.enum(["source", "destination"]),
    code: z.string(),
    detail: z.string(),
    ofPeer,
  }),
  z.object({ type: z.literal("frozen"), ...ofHandover }),
  z.object({ type: z.literal("loaded"), ...ofHandover }),
  z.object({
    type: z.literal("released"),
    ...ofHandover,
    stoppedMs: Ms.optional().meta({
      description: "from the first device stopped to the grant sent; not known after a restart",
    }),
    rttMs: Ms,
    stoppedBytes: Bytes,
    devices: z.array(DeviceTimings),
  }),
  z.object({
    type: z.literal("running"),
    ...ofHandover,
    startedMs: Ms.optional().meta({
      description: "from the grant received to the last device started; not known after a restart",
    }),
    devices: z.array(DeviceTimings.extend({ digest: z.string().optional() })),
    statuses: z.array(DeviceStatus),
  }),
  z.object({ type: z.literal("refused"), ...ofHandover, code: z.string(), detail: z.string(), ofPeer }),
  z
    .object({ type: z.literal("misplaced"), ...ofHandover, code: z.string(), detail: z.string() })
    .meta({ description: "the guest was released into a folder that could not be given its name" }),
  z.object({
    type: z.literal("revoked"),
    ...ofHandover,
    whole: z.boolean().meta({ description: "what it keeps could be run" }),
    code: z.string(),
    detail: z.string(),
  }),
  z
    .object({ type: z.literal("empty"), ...ofHandover })
    .meta({ description: "asked to run its copy, the destination has no whole one" }),
  z.object({ type: z.literal("reclaimed"), ...ofHandover }),
  z.object({ type: z.literal("discarded"), ...ofHandover }),
  z
    .object({
      type: z.literal("spent"),
      ...ofHandover,
      exact: z.boolean().meta({ description: "it has not run the guest since the stop" }),
      detail: z.string().optional().meta({ description: "what has ended, and how" }),
    })
    .meta({ description: "the source has nothing left that could run; said unasked only before the stop" }),
  z.object({ type: z.literal("aborted"), ...ofMigration, role: z.enum(["source", "destination"]) }),
  Rejected,
]);
export type FromAgent = z.infer<typeof FromAgent>;
