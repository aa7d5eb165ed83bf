import type { BackendInfo, Check } from "./backend.ts";

/**
 * Can a back end of this host (`own`) take over what the `peer` writes? Compares the kind, the format and the features;
 * room and addresses are the back end's own matter. Versions are not compared: formats are what matters.
 */
export function compareBackends(own: BackendInfo, peer: BackendInfo): Check {
  if (own.kind !== peer.kind) {
    return incompatible(`the device is of kind ${peer.kind} and this back end of kind ${own.kind}`);
  }
  if (!own.format.reads.includes(peer.format.writes)) {
    const reads = own.format.reads.join(", ");
    return incompatible(
      `the source (${peer.kind} ${peer.version}) writes format ${peer.format.writes}; ${own.version} reads ${reads}`,
      `Use a version of ${own.kind} on this host that reads format ${peer.format.writes}.`,
    );
  }
  const missing = peer.features.filter((feature) => !own.features.includes(feature));
  if (missing.length > 0) {
    return {
      ok: false,
      code: "missing-feature",
      reason: `the state needs ${missing.join(", ")}, which ${own.kind} ${own.version} lacks on this host`,
    };
  }
  return { ok: true };
}

function incompatible(reason: string, fix?: string): Check {
  return { ok: false, code: "incompatible-format", reason, ...(fix === undefined ? {} : { fix }) };
}
