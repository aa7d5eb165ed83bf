import type { AttachedStatus, Call } from "../attach-protocol.ts";

/**
 * Where a device is. `spoiled` has loaded part of a stream that then failed; `complete` has loaded everything; `gone`
 * was handed over and freed.
 */
export type DeviceState = "running" | "stopped" | "empty" | "incoming" | "spoiled" | "complete" | "gone";

export type Admission = "admitted" | "nothing-to-do" | "bad-order" | "gone";

/** The calls that a state admits, and those that it answers without asking the device, since they have been done. */
const admits: Record<DeviceState, { admitted: Call[]; done: Call[] }> = {
  running: {
    admitted: ["sizeBytes", "dirtied", "pending", "throttle", "precopy", "stop", "abort"],
    done: ["resume"],
  },
  stopped: {
    admitted: ["sizeBytes", "dirtied", "pending", "final", "resume", "abort", "commit"],
    done: ["stop", "throttle"],
  },
  empty: { admitted: ["sizeBytes", "load", "ready"], done: ["discard"] },
  incoming: { admitted: ["sizeBytes", "load", "ready", "discard"], done: [] },
  spoiled: { admitted: ["sizeBytes", "discard"], done: [] },
  complete: { admitted: ["sizeBytes", "ready", "verify", "start", "discard"], done: [] },
  gone: { admitted: [], done: [] },
};

/** Whether a call is in order. An illegal one never reaches the device. */
export function admit(state: DeviceState, call: Call): Admission {
  if (call === "status" || call === "shutdown" || admits[state].admitted.includes(call)) return "admitted";
  if (admits[state].done.includes(call)) return "nothing-to-do";
  return state === "gone" ? "gone" : "bad-order";
}

/** The state once an admitted call has succeeded. */
export function after(state: DeviceState, call: Call, phase?: "precopy" | "final"): DeviceState {
  switch (call) {
    case "stop":
      return "stopped";
    case "resume":
    case "abort":
    case "start":
      return "running";
    case "commit":
      return "gone";
    case "load":
      return phase === "final" ? "complete" : "incoming";
    case "discard":
      return "empty";
    default:
      return state;
  }
}

export function statusOf(state: DeviceState): AttachedStatus {
  switch (state) {
    case "running":
    case "stopped":
    case "empty":
      return { state };
    case "incoming":
    case "spoiled":
      return { state: "incoming" };
    case "complete":
      return { state: "incoming", complete: true };
    case "gone":
      return { state: "empty" };
  }
}
