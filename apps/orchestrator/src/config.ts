import { Name } from "@godwit/contract";
import { z } from "zod";
import { faultOfReceiver } from "./webhooks/receivers.ts";

/**
 * What proves that a host is dead, best by making it so. It may be started again: after a start of its machine an agent runs nothing
 * before the orchestrator's word. It must not merely be cut off.
 */
export const FencingCommand = z.strictObject({
  /** The program and its arguments. No shell reads them. */
  command: z.array(z.string().min(1).max(4_096)).min(1).max(64),
  /** No more than an answer of the API is waited for. */
  timeoutMs: z.int().min(100).max(60_000).default(60_000),
  /** Run without being asked when the host is away and a switchover of its has been `unknown` for so long. */
  afterMs: z.int().min(1_000).optional(),
  /** What it says then; see `FenceHost`. */
  acceptOlderCopy: z.boolean().default(false),
});
export type FencingCommand = z.infer<typeof FencingCommand>;

const threeDaysMs = 3 * 86_400_000;

/** Who may be told of events, and how long it is tried. */
export const WebhookSettings = z.strictObject({
  /** Origins, such as "https://hooks.example.com": what is not listed is never sent to. Loopback addresses only where they are listed. */
  receivers: z
    .array(
      z
        .string()
        .max(300)
        .superRefine((text, context) => {
          const fault = faultOfReceiver(text);
          if (fault !== undefined) context.addIssue(fault);
        }),
    )
    .max(200)
    .default([]),
  /** How long one attempt may take. */
  timeoutMs: z.int().min(100).max(60_000).default(15_000),
  /** The pause after the first attempt; each further one is twice as long, and four hours at most. */
  firstRetryMs: z.int().min(10).max(3_600_000).default(5_000),
  /** Counted from the first attempt. */
  giveUpAfterMs: z.int().min(100).max(threeDaysMs).default(threeDaysMs),
});
export type WebhookSettings = z.infer<typeof WebhookSettings>;

/** Everything that the orchestrator is told from outside. */
export const OrchestratorConfig = z.strictObject({
  /** Plain HTTP is for loopback only. */
  host: z.string().default("127.0.0.1").refine(isLoopback, "only loopback addresses can be served without TLS"),
  /** 0 for a free one. */
  port: z.int().min(0).max(65_535).default(7140),
  /** The embedded database, the tokens and the logs. */
  dataFolder: z.string().min(1),
  /** A PostgreSQL of 15 or newer instead of the embedded database. */
  databaseUrl: z.string().min(1).optional(),
  /**
   * How long others wait for this orchestrator when it has died or hangs, before one takes its place. It is renewed at three tenths of
   * that. With the embedded database nobody can wait for it.
   */
  leaseMs: z.int().min(500).max(300_000).default(10_000),
  /** How often a source tells its figures. */
  reportEveryMs: z.int().min(20).max(10_000).default(100),
  /** Over all hosts: how many may be in preparation and on the move, and what they may take together, in bytes/s. */
  cluster: z
    .strictObject({
      preparing: z.int().min(1).max(10_000).default(64),
      moving: z.int().min(1).max(10_000).default(256),
      bytesPerSec: z.int().min(65_536).optional(),
      /** What one migration can send at the most, whatever the links carry. */
      streamBytesPerSec: z.int().min(65_536).optional(),
    })
    .prefault({}),
  /** By the host's name. */
  fencing: z.record(Name, FencingCommand).default({}),
  webhooks: WebhookSettings.prefault({}),
});
export type OrchestratorConfig = z.infer<typeof OrchestratorConfig>;

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
