import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * A service with a folder: counts on in `journal.log`, a line each 20 ms, from where it finds it. Its commands are what a user of the
 * `directory` back end writes: `quiesce` returns when the last line is written.
 */
export const journallingService = {
  resume: `if [ -e running ]; then exit 0; fi; touch running; sh -c '
    trap "rm -f running; exit" TERM
    n=$(tail -n 1 journal.log 2>/dev/null); n=$\{n:-0}
    while :; do n=$((n + 1)); echo $n >> journal.log; sleep 0.02; done
  ' >/dev/null 2>&1 & echo $! > writer.pid`,
  quiesce: `if [ -e running ]; then kill $(cat writer.pid); while [ -e running ]; do sleep 0.01; done; fi`,
};

/** The numbers that it has written: 1, 2, 3 and so on, if none was lost or doubled. */
export async function journalIn(folder: string): Promise<number[]> {
  const text = await readFile(join(folder, "journal.log"), "utf8");
  return text.split("\n").slice(0, -1).map(Number);
}
