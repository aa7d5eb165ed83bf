import { stat } from "node:fs/promises";
import { Qmp, type QmpEvent } from "@godwit/qemu";
import { until } from "../../e2e/support/until.ts";

/**
 * A second monitor of a guest's QEMU, for whoever looks on. Both hosts make its socket at the same place of this machine, the newer in the
 * place of the older.
 */
export class Witness implements Disposable {
  readonly qmp: Qmp;
  readonly #path: string;
  readonly #number: number | undefined;

  private constructor(path: string, number: number | undefined, qmp: Qmp) {
    this.#path = path;
    this.#number = number;
    this.qmp = qmp;
  }

  /** QEMU's arguments, with which there is one. */
  static arguments(path: string): string[] {
    const socket = `socket,id=witness,path=${path},server=on,wait=off`;
    return ["-chardev", socket, "-mon", "chardev=witness,mode=control"];
  }

  static async at(path: string): Promise<Witness> {
    return new Witness(path, await numberOf(path), await Qmp.connect(path));
  }

  /** Of the QEMU that the guest moves to, as soon as there is one. */
  async next(): Promise<Witness> {
    return await until("the destination's QEMU", async () => {
      const number = await numberOf(this.#path);
      return number === undefined || number === this.#number ? undefined : await Witness.at(this.#path);
    });
  }

  async event(name: string): Promise<QmpEvent> {
    return await this.qmp.event(name, (event) => event.name === name, { deadlineMs: 60_000 });
  }

  [Symbol.dispose](): void {
    this.qmp[Symbol.dispose]();
  }
}

async function numberOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
}
