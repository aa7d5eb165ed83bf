import { hostname } from "node:os";
import type { Command } from "commander";
import { parseConfig } from "../parse-config.ts";
import { programLog } from "../program-log.ts";
import { bytesArgument, interruption, print, wantsJson, wholeArgument } from "./global.ts";

interface Options {
  name?: string;
  server?: string;
  tokenFile?: string;
  data: string;
  listen?: string;
  advertise?: string;
  serviceAddress?: string;
  directories?: string;
  qemu?: string;
  link?: number;
  capacity?: number;
  outgoing?: number;
  incoming?: number;
}

export function agentCommand(program: Command): void {
  program
    .command("agent")
    .description("run a host's agent")
    .option("--name <host>", "what the host is called (default: the machine's name)")
    .option("--data <folder>", "journal and devices", ".godwit/agent")
    .option("--listen <host:port>", "where other agents reach this one (default 127.0.0.1:0)")
    .option("--advertise <host:port>", "what other agents are to dial, where that differs")
    .option("--service-address <address>", "where devices serve their clients (default 127.0.0.1)")
    .option("--directories <folder>", "below which relative paths of directory devices lie")
    .option("--qemu <folder>", "where QEMU and virtiofsd are, below bin (default: the host's own)")
    .option("--link <bytes/s>", "the most that migrations may take of the link", bytesArgument)
    .option("--capacity <bytes>", "memory for guests (default: what the machine has)", bytesArgument)
    .option("--outgoing <n>", "migrations that may leave at a time (default 2)", wholeArgument)
    .option("--incoming <n>", "migrations that may enter at a time (default 2)", wholeArgument)
    .addHelpText("after", "\n--server (or GODWIT_SERVER) may name several orchestrators, with commas between.")
    .action(async (_: Options, command: Command) => {
      const { AgentConfig, runAgent } = await import("@godwit/agent");
      const options = command.optsWithGlobals<Options>();
      const config = parseConfig(AgentConfig, {
        name: options.name ?? hostname().toLowerCase(),
        server: (options.server ?? process.env["GODWIT_SERVER"] ?? "http://127.0.0.1:7140").split(","),
        tokenFile: options.tokenFile ?? process.env["GODWIT_TOKEN_FILE"] ?? ".godwit/server/agent-token",
        dataFolder: options.data,
        listen: options.listen,
        advertise: options.advertise,
        serviceAddress: options.serviceAddress,
        directories: options.directories,
        qemu: options.qemu ?? process.env["GODWIT_QEMU"],
        linkBytesPerSec: options.link,
        capacityBytes: options.capacity,
        slots: { outgoing: options.outgoing, incoming: options.incoming },
      });
      await runAgent(config, programLog("agent"), interruption(), ({ peerEndpoint }) => {
        print(
          wantsJson(command)
            ? JSON.stringify({ name: config.name, peerEndpoint })
            : `Agent of ${config.name}, peers at ${peerEndpoint}`,
        );
      });
    });
}
