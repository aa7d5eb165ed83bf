import { assertNever } from "../assert-never.ts";
import type { Debt, Restoring, SaveState, Saving } from "./save-state.ts";

/** What a host is told; the shell adds what the guest is made of. */
export type SaveCommand =
  | { type: "prepareSave"; epoch: number; folder: string }
  | { type: "prepareRestore"; epoch: number; folder: string; saveId: string; ofAnother?: true | undefined }
  | { type: "freeze"; epoch: number; limitMs: number }
  | { type: "reclaim" | "discard" | "grant"; epoch: number }
  | { type: "abort" };

export interface SaveSend {
  hostId: string;
  /** Of the attempt. */
  id: string;
  command: SaveCommand;
}

/** H10: the commands that have no answer yet, derived from the state alone and sent again until they are answered. */
export function outstandingOfSave(state: SaveState): SaveSend[] {
  const debts = state.debts.map(owed);
  switch (state.at) {
    case "saving":
      return [...debts, { hostId: state.host.id, id: state.id, command: ofSaving(state) }];
    case "restoring":
      return [...debts, { hostId: state.host.id, id: state.id, command: ofRestoring(state) }];
    case "saved":
    case "over":
      return debts;
    default:
      return assertNever(state);
  }
}

function ofSaving({ stage, epoch, folder, limitMs }: Saving): SaveCommand {
  switch (stage) {
    case "preparing":
      return { type: "prepareSave", epoch, folder };
    case "freezing":
      return { type: "freeze", epoch, limitMs };
    case "reclaiming":
      return { type: "reclaim", epoch: epoch + 1 };
    default:
      return assertNever(stage);
  }
}

function ofRestoring({ stage, epoch, folder, save }: Restoring): SaveCommand {
  return stage === "loading"
    ? { type: "prepareRestore", epoch, folder, saveId: save.id, ...(save.ofAnother && { ofAnother: true }) }
    : { type: "grant", epoch };
}

function owed({ host, command, id, epoch }: Debt): SaveSend {
  return { hostId: host.id, id, command: command === "abort" ? { type: "abort" } : { type: "discard", epoch } };
}
