import { PeerDevice, type ToAgent } from "@godwit/contract";
import { assertNever, capOf, type Command, type Migration } from "@godwit/core";
import { z } from "zod";

/** What a command needs beyond the decision: who, where, and with what. */
export interface Surroundings {
  definitions: Extract<ToAgent, { type: "prepareDestination" }>["devices"];
  sourceEndpoint: string;
}

/** The core's command as the agent gets it; the surroundings are looked up only for the one command that needs them. */
export async function messageOf(
  state: Migration,
  command: Command,
  surroundings: () => Promise<Surroundings>,
): Promise<ToAgent> {
  const { facts } = state;
  const ids = { migrationId: facts.id, guestId: facts.guest.id };
  switch (command.type) {
    case "prepareSource":
      return { ...command, ...ids, ticket: facts.ticket, bandwidthBytesPerSec: capOf(state) };
    case "prepareDestination": {
      const { definitions, sourceEndpoint } = await surroundings();
      const peers = z.array(PeerDevice).parse(command.peers);
      return {
        ...ids,
        type: command.type,
        epoch: command.epoch,
        name: facts.guest.name,
        devices: definitions,
        peers,
        ticket: facts.ticket,
        sourceEndpoint,
      };
    }
    case "precopy":
    case "exact":
    case "pace":
    case "throttle":
    case "freeze":
    case "refuse":
    case "grant":
    case "revoke":
    case "reclaim":
    case "regrant":
    case "disown":
    case "discard":
    case "abort":
      return { ...command, ...ids };
    default:
      return assertNever(command);
  }
}
