/** What a device is in truth, whatever anybody says of it. */
export type DeviceState = "running" | "stopped" | "receiving" | "loaded" | "dead";

interface Device {
  state: DeviceState;
  /** What it holds; a device that has run since holds something newer. */
  content: number;
}

/** Why a copy is taken away: it was handed over, its migration is over, or a restart found it half received. */
export type Discarding = "commit" | "drop" | "leftover" | "startFailed";

/** Sees what the devices of the one guest do on all hosts, and objects at the very step that breaks a rule. */
export class Witness {
  readonly objections: string[] = [];
  readonly #names: readonly string[];
  readonly #hosts = new Map<string, Map<string, Device>>();
  readonly #newest = new Map<string, number>();
  readonly #note: (what: string) => void;
  #mayBeOlder = false;

  constructor(names: readonly string[], note: (what: string) => void) {
    this.#names = names;
    this.#note = note;
  }

  create(host: string): void {
    for (const name of this.#names) {
      this.#newest.set(name, 0);
      this.#on(host).set(name, { state: "running", content: 0 });
    }
  }

  stateOf(host: string, name: string): DeviceState | undefined {
    return this.#on(host).get(name)?.state;
  }

  contentOf(host: string, name: string): number {
    return this.#on(host).get(name)?.content ?? -1;
  }

  /** A device died that held what no other copy holds: nobody can run the guest any more. */
  get isLost(): boolean {
    return this.#names.some((name) => {
      const newest = this.#newest.get(name);
      const copies = [...this.#hosts.values()].flatMap((devices) => devices.get(name) ?? []);
      return !copies.some(({ state, content }) => state !== "dead" && content === newest);
    });
  }

  /** It could be run as it is, and holds all that was ever served. */
  isNewest(host: string, name: string): boolean {
    const device = this.#on(host).get(name);
    const isWhole = device !== undefined && device.state !== "dead" && device.state !== "receiving";
    return isWhole && device.content === this.#newest.get(name);
  }

  /** The hosts on which every device runs. */
  runners(): string[] {
    return [...this.#hosts.keys()].filter((host) =>
      this.#names.every((name) => this.stateOf(host, name) === "running"),
    );
  }

  holders(): string[] {
    return [...this.#hosts].filter(([, devices]) => devices.size > 0).map(([host]) => host);
  }

  receive(host: string, name: string): void {
    this.#on(host).set(name, { state: "receiving", content: -1 });
  }

  load(host: string, name: string, content: number): void {
    const device = this.#on(host).get(name);
    if (device?.state === "receiving") this.#on(host).set(name, { state: "loaded", content });
  }

  /** Never two runners, and never one that has missed something. */
  start(host: string, name: string): void {
    const device = this.#on(host).get(name);
    if (device === undefined || device.state === "running") return;
    const elsewhere = [...this.#hosts.keys()].filter(
      (other) => other !== host && this.#names.some((each) => this.stateOf(other, each) === "running"),
    );
    if (elsewhere.length > 0) this.#object(`${name} starts on ${host} while the guest runs on ${elsewhere.join(", ")}`);
    const newest = this.#newest.get(name) ?? 0;
    if (device.content !== newest && !this.#mayBeOlder)
      this.#object(`${name} starts on ${host} with ${device.content}, not ${newest}`);
    device.state = "running";
    device.content += 1;
    this.#newest.set(name, device.content);
    this.#note(`${name} runs on ${host}`);
  }

  stop(host: string, name: string): void {
    const device = this.#on(host).get(name);
    if (device?.state !== "running") return;
    device.state = "stopped";
    this.#note(`${name} stands still on ${host}`);
  }

  /** H7: what is taken away must not be needed any more. */
  discard(host: string, name: string, why: Discarding): void {
    const device = this.#on(host).get(name);
    if (device === undefined) return;
    this.#on(host).delete(name);
    this.#note(`${name} is gone from ${host} (${why})`);
    if (why === "startFailed") this.#newest.set(name, device.content - 1);
    if (device.state === "dead" || device.state === "receiving") return;
    const newest = this.#newest.get(name) ?? 0;
    // What has run elsewhere since has made this copy an old one; a restart may also drop the younger of two that are whole.
    const others = [...this.#hosts.values()].flatMap((devices) => devices.get(name) ?? []);
    const mayBeWhole = why === "leftover" || why === "startFailed";
    const isKept =
      (why === "leftover" && this.#mayBeOlder) ||
      device.content < newest ||
      (mayBeWhole && others.some((each) => each.content === newest && each.state !== "dead"));
    if (!isKept && !this.isLost)
      this.#object(`${name} is discarded on ${host} (${why}) and the other side does not have it`);
  }

  /** Somebody has said that a copy may be run that is older than what was served elsewhere. */
  acceptOlderCopies(): void {
    this.#mayBeOlder = true;
  }

  /** The power goes: nothing runs any more, what is on disks stays, and what was being received is of no use. */
  halt(host: string): void {
    for (const [name, device] of this.#on(host)) {
      this.stop(host, name);
      if (device.state === "receiving") device.state = "dead";
    }
  }

  /** The devices' processes end by themselves or with their host. */
  die(host: string): void {
    for (const [name, device] of this.#on(host)) {
      if (device.state === "dead") continue;
      this.#note(`${name} dies on ${host}`);
      device.state = "dead";
    }
  }

  #on(host: string): Map<string, Device> {
    const known = this.#hosts.get(host) ?? new Map<string, Device>();
    this.#hosts.set(host, known);
    return known;
  }

  #object(what: string): void {
    this.#note(`OBJECTION: ${what}`);
    this.objections.push(what);
  }
}
