import { goOn, queryMigration, sendRest } from "@godwit/qemu";
import { z } from "zod";
import type { Side } from "../../test/qemu/support/guests.ts";
import { cpuMsOf, type Journey, sentBytesOf, told } from "./journey.ts";
import type { Pair } from "./pair.ts";

/** QEMU stops when it expects to be done within so long. Its usual 300 would have it send ever so much after the stop. */
const downtimeLimitMs = 20;

const Listening = z.object({ "socket-address": z.tuple([z.object({ port: z.string() })]) });

/** The same guest, which two QEMUs pass on to each other over TCP with nothing in between, driven as libvirt drives them. */
export class Lone implements AsyncDisposable {
  readonly #pair: Pair;
  readonly #streams: number;
  readonly #share: string;
  #here: Side;
  #number = 0;

  private constructor(pair: Pair, streams: number, share: string, here: Side) {
    this.#pair = pair;
    this.#streams = streams;
    this.#share = share;
    this.#here = here;
  }

  static async start(pair: Pair, streams: number): Promise<Lone> {
    const share = await pair.guests.share(`lone-share-${streams}`);
    return new Lone(pair, streams, share, await pair.guests.restore(`lone-${streams}-0`, share));
  }

  async travel(): Promise<Journey> {
    this.#number += 1;
    const [here, there] = [
      this.#here,
      await this.#pair.guests.receiver(`lone-${this.#streams}-${this.#number}`, this.#share),
    ];
    const [out, into] = [here.qemu.qmp, there.qemu.qmp];
    await Promise.all([this.#prepare(here), this.#prepare(there)]);
    await into.execute("migrate-incoming", { uri: "tcp:127.0.0.1:0" });
    const [{ port }] = Listening.parse(await into.execute("query-migrate"))["socket-address"];
    const first = told(out, "MIGRATION_PASS", { pass: 1 });
    const stopped = told(out, "STOP");
    const paused = told(out, "MIGRATION", { status: "pre-switchover" });
    const done = Promise.all([out, into].map((qmp) => told(qmp, "MIGRATION", { status: "completed" })));
    const resumed = told(into, "RESUME");
    const qemus = [here, there].map(({ qemu }) => qemu.process.pid);
    const cpuMsBefore = await cpuMsOf(qemus);
    await out.execute("migrate", { uri: `tcp:127.0.0.1:${port}` });
    const pausedAtMs = (await paused).atMs;
    const passBytes = await sentBytesOf(out);
    const cpuMs = (await cpuMsOf(qemus)) - cpuMsBefore;
    await sendRest(out);
    await done;
    await goOn(into);
    const [{ atMs: firstAtMs }, { atMs: stoppedAtMs }, { atMs: resumedAtMs }] = await Promise.all([
      first,
      stopped,
      resumed,
    ]);
    const { stoppedBytes } = await queryMigration(out);
    await this.#pair.guests.end(here);
    this.#here = there;
    return { passMs: pausedAtMs - firstAtMs, passBytes, cpuMs, stoppedMs: resumedAtMs - stoppedAtMs, stoppedBytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pair.guests.end(this.#here);
  }

  async #prepare({ qemu: { qmp } }: Side): Promise<void> {
    const wanted = ["events", "return-path", "pause-before-switchover"];
    const beside = this.#streams > 1;
    const capabilities = [...wanted, ...(beside ? ["multifd"] : [])].map((capability) => ({ capability, state: true }));
    await qmp.execute("migrate-set-capabilities", { capabilities });
    const multifd = beside ? { "multifd-channels": this.#streams } : {};
    const parameters = { "max-bandwidth": 0, "downtime-limit": downtimeLimitMs, ...multifd };
    await qmp.execute("migrate-set-parameters", parameters);
  }
}
