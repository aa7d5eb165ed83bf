import { join } from "node:path";
import type { Guest } from "@godwit/contract";
import { sampleShareTag as tag } from "@godwit/qemu";
import { until } from "../../test/e2e/support/until.ts";
import { Witness } from "../../test/qemu/support/witness.ts";
import { cpuMsOf, type Journey, sentBytesOf, told } from "./journey.ts";
import type { Pair } from "./pair.ts";

/** About what the guest writes between two passes there. */
const brinkBytes = 2_000_000;
/** Held, so that it stops at the brink, and not as soon as its limit allows. */
const limits = { hold: true, downtimeLimitMs: 5_000, patience: "untilDeadline" as const, deadlineMs: 60_000 };

/** A guest that goes back and forth between two hosts of Godwit's: over agents, channels and an orchestrator of their own processes. */
export class Commuter implements AsyncDisposable {
  readonly #pair: Pair;
  readonly #guest: Guest;
  #witness: Witness;
  #to = "beta";

  private constructor(pair: Pair, guest: Guest, witness: Witness) {
    this.#pair = pair;
    this.#guest = guest;
    this.#witness = witness;
  }

  static async start(pair: Pair, streams: number): Promise<Commuter> {
    const name = `commuter-${streams}`;
    const monitor = join(pair.guests.folder, `${name}.sock`);
    const shares = [{ device: "files", tag }];
    const machine = { ...pair.machine, streams, shares, arguments: Witness.arguments(monitor) };
    const path = await pair.guests.share(name);
    const devices = [
      { name: "files", kind: "virtiofs", config: { path, sandbox: "none" } },
      { name: "machine", kind: "qemu", config: machine },
    ];
    const guest = await pair.cluster.client.guests.create({ name, host: "alpha", devices });
    return new Commuter(pair, guest, await Witness.at(monitor));
  }

  async travel(): Promise<Journey> {
    const { client } = this.#pair.cluster;
    const agents = ["alpha", "beta"].map((host) => this.#pair.cluster.pid(host));
    const cpuMsBefore = await cpuMsOf(agents);
    const { qmp } = this.#witness;
    const first = told(qmp, "MIGRATION_PASS", { pass: 1 });
    const second = told(qmp, "MIGRATION_PASS", { pass: 2 });
    const stopped = told(qmp, "STOP");
    const { id } = await client.migrations.create({ guest: this.#guest.id, destination: this.#to, limits });
    const there = await this.#witness.next();
    const resumed = told(there.qmp, "RESUME");
    const passMs = (await second).atMs - (await first).atMs;
    const passBytes = await sentBytesOf(qmp);
    const cpuMs = (await cpuMsOf(agents)) - cpuMsBefore;
    await until("the brink", async () => {
      const { verdict, devices } = await client.migrations.get(id);
      const left = devices.find(({ kind }) => kind === "qemu")?.pending?.precopyBytes ?? Infinity;
      return verdict?.kind === "ready" && left < brinkBytes;
    });
    await client.migrations.hold(id, false);
    const { phase, reason, report } = await client.waitForEnd(id);
    if (phase !== "completed") throw new Error(`${phase}: ${reason?.sentence}`);
    this.#witness[Symbol.dispose]();
    this.#witness = there;
    this.#to = this.#to === "beta" ? "alpha" : "beta";
    return {
      passMs,
      passBytes,
      cpuMs,
      stoppedMs: (await resumed).atMs - (await stopped).atMs,
      stoppedBytes: report?.stoppedBytes ?? Number.NaN,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#witness[Symbol.dispose]();
    await this.#pair.cluster.client.guests.remove(this.#guest.id);
  }
}
