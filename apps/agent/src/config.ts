import { Name } from "@godwit/contract";
import { z } from "zod";

const Server = z.url({ protocol: /^https?$/ });
const Address = z.string().regex(/^[^\s:]+:\d{1,5}$/, "host:port");

/** Everything that an agent is told from outside. */
export const AgentConfig = z.strictObject({
  /** What the host is called; the orchestrator knows it by this name. */
  name: Name,
  /** The orchestrator, "http://127.0.0.1:7140", or several of which one decides at a time. */
  server: z.union([Server, z.array(Server).min(1).max(8)]),
  /** A file with the agents' token. */
  tokenFile: z.string().min(1),
  /** Journal, devices' folders and logs. */
  dataFolder: z.string().min(1),
  /** Where other agents reach this one; port 0 for a free one. */
  listen: Address.default("127.0.0.1:0"),
  /** What other agents are told to dial, where it is not what this one listens on (a forwarded port). */
  advertise: Address.optional(),
  /** Where the devices on this host serve their clients. */
  serviceAddress: z.string().min(1).default("127.0.0.1"),
  /** The folder below which relative paths of directory devices lie. */
  directories: z.string().min(1).optional(),
  /** A folder with QEMU and virtiofsd below `bin`, where the host's own are missing or too old. */
  qemu: z.string().min(1).optional(),
  slots: z
    .strictObject({ outgoing: z.int().min(1).max(1000).default(2), incoming: z.int().min(1).max(1000).default(2) })
    .prefault({}),
  /** The most that migrations may take of the host's link, in bytes/s. */
  linkBytesPerSec: z.int().min(65_536).optional(),
  /** Memory for guests in bytes; what the machine has available if not given. */
  capacityBytes: z.int().positive().optional(),
});
export type AgentConfig = z.infer<typeof AgentConfig>;
