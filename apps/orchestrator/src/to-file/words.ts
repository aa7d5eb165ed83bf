import type { FromAgent } from "@godwit/contract";
import type { SaveNotice, SaveState, SaveWord } from "@godwit/core";
import type { GuestRecord, JsonObject, NewEvent } from "@godwit/store";
import { z } from "zod";

/** What an agent says of a save or a restore, as the core takes it; undefined for what says nothing of it. */
export function wordOf(hostId: string, message: FromAgent & { migrationId?: unknown }): SaveWord | undefined {
  const of = (id: string) => ({ id, hostId });
  switch (message.type) {
    case "sourcePrepared":
      return { ...of(message.migrationId), type: message.type };
    case "declined":
    case "broken": {
      const { type, code, detail } = message;
      return { ...of(message.migrationId), type, code, detail };
    }
    case "refused":
    case "misplaced":
    case "revoked": {
      const { type, epoch, code, detail } = message;
      return { ...of(message.migrationId), type, epoch, code, detail };
    }
    case "released":
      return { ...of(message.migrationId), type: message.type, epoch: message.epoch, bytes: message.stoppedBytes };
    case "reclaimed":
    case "discarded":
    case "loaded":
    case "running":
    case "spent":
      return { ...of(message.migrationId), type: message.type, epoch: message.epoch };
    case "aborted":
      return { ...of(message.migrationId), type: message.type };
    default:
      return undefined;
  }
}

export function eventsOf(state: SaveState, notice: SaveNotice | undefined, at: Date): NewEvent[] {
  if (notice === undefined) return [];
  const { type, sentence, failure } = notice;
  const hostId = state.at === "saved" ? state.save.host.id : undefined;
  const data: JsonObject = { name: state.guest.name, ...(failure && { code: failure.code, detail: failure.detail }) };
  return [{ type, at, guestId: state.guest.id, ...(hostId !== undefined && { hostId }), sentence, data }];
}

const Versioned = z.object({ version: z.literal(1) });

/** The stored state, whole; one of another version is not guessed at. */
export function saveStateOf(guest: GuestRecord): SaveState {
  Versioned.parse(guest.save);
  // What this program stored it may trust; its version says so.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return guest.save as unknown as SaveState;
}

export function plain(value: SaveState): JsonObject;
export function plain(value: unknown[]): JsonObject[];
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
