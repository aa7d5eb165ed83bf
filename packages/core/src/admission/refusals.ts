import { isUnderWay, type SaveState } from "../to-file/save-state.ts";

/** What can be said against a migration from what the hosts have told already, before any of them is asked. */

export interface Candidate {
  guest: { name: string; settled: boolean; busyWith: string | undefined; save?: SaveState | undefined };
  source: CandidateHost;
  destination: CandidateHost;
  kinds: { device: string; kind: string }[];
}

export interface CandidateHost {
  id: string;
  name: string;
  connected: boolean;
  backends: BackendFacts[];
  /** Those that it could have and does not, with why. */
  absent?: { kind: string; reason: string }[] | undefined;
}

export interface BackendFacts {
  kind: string;
  format: { writes: number; reads: number[] };
  features: string[];
}

/** The codes are those of the API's problems. */
export interface Refusal {
  check: "hosts" | "agents" | "guest" | "backEnds";
  code:
    | "same-host"
    | "host-offline"
    | "guest-busy"
    | "guest-not-settled"
    | "guest-saved"
    | "missing-back-end"
    | "incompatible-format"
    | "missing-feature";
  detail: string;
  fix?: string;
}

/** M13: every objection, not just the first one; empty means that the hosts may be asked. */
export function refusals(candidate: Candidate): Refusal[] {
  return [...sameHost(candidate), ...offline(candidate), ...unsettled(candidate), ...incompatible(candidate)];
}

function sameHost({ guest, source, destination }: Candidate): Refusal[] {
  if (source.id !== destination.id) return [];
  return [
    {
      check: "hosts",
      code: "same-host",
      detail: `${guest.name} already runs on ${destination.name}.`,
      fix: "Name another destination.",
    },
  ];
}

function offline({ source, destination }: Candidate): Refusal[] {
  return [source, destination]
    .filter((host) => !host.connected)
    .map((host) => ({
      check: "agents",
      code: "host-offline",
      detail: `The agent of ${host.name} is not connected.`,
      fix: `Start the agent on ${host.name}, or wait until it has connected again.`,
    }));
}

function unsettled({ guest }: Candidate): Refusal[] {
  if (guest.busyWith !== undefined) {
    const detail = `${guest.name} is being moved by migration ${guest.busyWith}.`;
    return [{ check: "guest", code: "guest-busy", detail, fix: "Wait until it has ended, or cancel it." }];
  }
  if (isUnderWay(guest.save)) {
    const detail = `${guest.name} is being ${guest.save.at === "saving" ? "saved" : "restored"}.`;
    return [{ check: "guest", code: "guest-busy", detail, fix: "Wait until that is over." }];
  }
  if (guest.save?.at === "saved") {
    const { folder, host } = guest.save.save;
    const detail = `${guest.name} is in ${folder} of ${host.name} and runs nowhere.`;
    return [{ check: "guest", code: "guest-saved", detail, fix: "Restore it first." }];
  }
  if (guest.settled) return [];
  return [
    { check: "guest", code: "guest-not-settled", detail: `${guest.name} does not run on the host that owns it.` },
  ];
}

function incompatible({ source, destination, kinds }: Candidate): Refusal[] {
  return kinds.flatMap(({ device, kind }): Refusal[] => {
    const there = destination.backends.find((backend) => backend.kind === kind);
    const here = source.backends.find((backend) => backend.kind === kind);
    if (there === undefined) {
      return [
        {
          check: "backEnds",
          code: "missing-back-end",
          detail: `${destination.name} has no back end for ${device} (${kind})${whyNot(destination, kind)}.`,
          fix: `Install there what back ends of kind ${kind} need, and start its agent again, or take another host.`,
        },
      ];
    }
    return here === undefined ? [] : disagreements(device, here, there, destination.name);
  });
}

function whyNot({ absent = [] }: CandidateHost, kind: string): string {
  const found = absent.find((each) => each.kind === kind);
  return found === undefined ? "" : `: ${found.reason}`;
}

function disagreements(device: string, here: BackendFacts, there: BackendFacts, destination: string): Refusal[] {
  if (!there.format.reads.includes(here.format.writes)) {
    const reads = there.format.reads.join(", ");
    const detail = `${device} is written in format ${here.format.writes} of ${here.kind}; ${destination} reads ${reads}.`;
    return [{ check: "backEnds", code: "incompatible-format", detail }];
  }
  return here.features
    .filter((feature) => !there.features.includes(feature))
    .map((feature) => ({
      check: "backEnds",
      code: "missing-feature",
      detail: `${device} needs ${feature}, which ${destination} lacks.`,
    }));
}
