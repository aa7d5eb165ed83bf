import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guestFolder } from "../../support/test-guest.ts";

export interface Pretence {
  /** What is changed in what QEMU says of itself, as sed does it. */
  says?: string;
  /** The accelerator that it does not have. */
  without?: string;
  /** How much memory it may map, in KiB. */
  mapLimitKib?: number;
  /** What its guests get in place of the accelerator kvm. */
  insteadOfKvm?: string;
  /** Tests can ask its guests themselves, beside the agent. */
  isAsked?: boolean;
}

/** A script in QEMU's place, which is QEMU but for what it pretends, and writes down each guest that it is started for. */
export class PretendedQemu implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<PretendedQemu> {
    const qemu = new PretendedQemu(await mkdtemp(join(tmpdir(), "gw-pretended-")));
    await mkdir(join(qemu.folder, "bin"));
    await symlink(join(guestFolder, "bin/virtiofsd"), join(qemu.folder, "bin/virtiofsd"));
    await qemu.pretend({});
    return qemu;
  }

  async pretend(pretence: Pretence): Promise<void> {
    await writeFile(this.#started, "");
    const program = join(this.folder, "bin/qemu-system-x86_64");
    await rm(program, { force: true });
    await writeFile(program, scriptOf(pretence, this.#started));
    await chmod(program, 0o755);
  }

  /** The guests that it was started for since it last began to pretend something. */
  async started(): Promise<string[]> {
    return (await readFile(this.#started, "utf8")).split("\n").filter(Boolean);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  get #started(): string {
    return join(this.folder, "started");
  }
}

/** A monitor of the tests' own, in the guest's folder: QEMU's other one serves the agent alone. */
export const askedSocket = "asked.sock";

const another = `for word; do
[ "$before" = -pidfile ] && set -- "$@" -mon chardev=asked,mode=control \\
-chardev "socket,id=asked,path=$(dirname "$word")/${askedSocket},server=on,wait=off"
before=$word
done`;

function scriptOf(
  { says = "", without, mapLimitKib, insteadOfKvm, isAsked = false }: Pretence,
  started: string,
): string {
  const real = join(guestFolder, "bin/qemu-system-x86_64");
  const lacking = `case "$*" in *"-accel ${without}"*) echo "Could not access ${without}" >&2; exit 1 ;; esac`;
  const other = `for word; do shift; [ "$word" = kvm ] && word=${insteadOfKvm}; set -- "$@" "$word"; done`;
  return `#!/bin/sh
${without === undefined ? "" : lacking}
case "$*" in
*"-machine none"* | *"-cpu help"* | *--version*) "${real}" "$@" | sed -u -e '${says}'; exit ;;
esac
echo "$2" >> "${started}"
${insteadOfKvm === undefined ? "" : other}
${isAsked ? another : ""}
${mapLimitKib === undefined ? "" : `ulimit -v ${mapLimitKib}`}
exec "${real}" "$@"
`;
}
