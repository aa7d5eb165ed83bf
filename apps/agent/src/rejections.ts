import type { FromAgent, ToAgent } from "@godwit/contract";
import { type HandoverCommand, type Rejection, rejectionOfCommand, Seldom, type Standing } from "@godwit/core";
import type { AgentParts } from "./attempts/parts.ts";

export type Rejected = Omit<Extract<FromAgent, { type: "rejected" }>, "type">;
type OfHandover = Extract<ToAgent, HandoverCommand>;
type Attempt = Exclude<Standing["attempt"], undefined>;

/** The same is logged and told once in so long: whoever repeats it learns nothing new and floods nothing. */
const everyMs = 60_000;
const most = 1_000;
/** What an error says may hold what a stranger has sent. */
const detailMaxLength = 300;

/** What this agent was told and does not obey, since it cannot belong to a handover of its own (H11). */
export class Rejections {
  readonly #parts: AgentParts;
  readonly #logged = new Seldom({ everyMs, most });

  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  /** Of a command, with the word that answers it: a command is repeated, and so is its answer. */
  ofCommand(command: OfHandover, attempt: Attempt | undefined): Rejection | undefined {
    const guest = this.#parts.journal.parts.get(command.guestId);
    const rejection = rejectionOfCommand(command, { attempt, part: guest?.part, refusedEpoch: guest?.refusedEpoch });
    if (rejection === undefined) return undefined;
    const { migrationId, guestId, epoch, type } = command;
    this.tell({ migrationId, guestId, epoch, said: type, ...rejection });
    return rejection;
  }

  /** Of a grant that came on a channel: nobody waits for an answer, so a flood of them gets few. */
  ofGrant(attempt: Attempt & { migrationId: string }, epoch: number): Rejection | undefined {
    const { migrationId, guestId } = attempt;
    const rejection = rejectionOfCommand({ type: "grant", guestId, epoch }, { attempt, part: undefined });
    if (rejection !== undefined) this.tellSeldom({ migrationId, guestId, epoch, said: "grant", ...rejection });
    return rejection;
  }

  tellSeldom(rejected: Rejected): void {
    if (this.#log(rejected)) this.#send(rejected);
  }

  tell(rejected: Rejected): void {
    this.#log(rejected);
    this.#send(rejected);
  }

  #send(rejected: Rejected): void {
    // What a channel carries need not be an epoch at all, and what is none cannot be told as one.
    const epoch = rejected.epoch !== undefined && rejected.epoch > 0 ? rejected.epoch : undefined;
    this.#parts.tell({ type: "rejected", ...rejected, epoch, detail: rejected.detail.slice(0, detailMaxLength) });
  }

  #log({ migrationId, guestId, said, epoch, code, detail }: Rejected): boolean {
    const now = this.#parts.now?.() ?? performance.now();
    if (!this.#logged.lets(JSON.stringify([migrationId, said, code]), now)) return false;
    const what = { migration: migrationId, guest: guestId, said, epoch, code };
    this.#parts.log.warn(what, `refused: ${detail.slice(0, detailMaxLength)}`);
    return true;
  }
}
