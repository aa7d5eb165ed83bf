import { parentPort } from "node:worker_threads";
import type { PlaneCalls, PlaneNews } from "./calls.ts";
import { Plane } from "./plane.ts";
import { callsOver } from "./port.ts";

/** The data plane's thread: one `Plane`, driven over the port to the main thread. */
if (parentPort === null) throw new Error("The data plane runs in a worker thread only");

const plane = new Plane();
plane.news = callsOver<PlaneNews, PlaneCalls>(parentPort, plane, [
  "report",
  "stopped",
  "confirmed",
  "received",
  "granted",
  "failed",
  "lost",
  "turnedAway",
]);
