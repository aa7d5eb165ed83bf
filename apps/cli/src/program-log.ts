import { type Logger, pino } from "pino";

/** JSON lines on stderr, by GODWIT_LOG (info, debug, warn, silent); secrets never get into it. */
export function programLog(name: string): Logger {
  return pino(
    {
      name,
      level: process.env["GODWIT_LOG"] ?? "info",
      redact: ["req.headers.authorization", "req.headers.cookie", "*.ticket", "*.token"],
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
