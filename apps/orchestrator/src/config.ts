import { z } from "zod";

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
});
export type OrchestratorConfig = z.infer<typeof OrchestratorConfig>;

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
