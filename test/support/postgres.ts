import { execFile } from "node:child_process";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface TemporaryPostgres extends AsyncDisposable {
  url: string;
}

/**
 * A PostgreSQL of its own for a test: reached by a Unix socket in a temporary folder only, and gone with it. Its time zone is
 * far from UTC, on the half hour, to catch whoever confuses the two.
 *
 * @param programs the folder of the server's programs, from `need("postgres")`
 */
export async function startPostgres(programs: string): Promise<TemporaryPostgres> {
  const folder = await mkdtemp(join(tmpdir(), "godwit-postgres-"));
  const data = join(folder, "data");
  const run = await runnerIn(folder, programs);
  const stop = async (): Promise<void> => {
    await run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop").catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");
    const settings = `-F -k ${folder} -c listen_addresses= -c timezone=Asia/Kolkata`;
    await run("pg_ctl", "-D", data, "-l", join(folder, "log"), "-o", settings, "-w", "start");
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `postgresql://postgres@${encodeURIComponent(folder)}/postgres`, [Symbol.asyncDispose]: stop };
}

/** Runs a program of PostgreSQL, which refuses to be root: there it becomes the user that Debian's package made for it. */
async function runnerIn(
  folder: string,
  programs: string,
): Promise<(program: string, ...rest: string[]) => Promise<void>> {
  const execute = promisify(execFile);
  if (process.getuid?.() !== 0) {
    return async (program, ...rest) => void (await execute(join(programs, program), rest, { cwd: folder }));
  }
  const { stdout } = await execute("id", ["-u", "postgres"]);
  await chown(folder, Number(stdout), -1);
  const become = ["--reuid=postgres", "--regid=postgres", "--init-groups", "--"];
  return async (program, ...rest) =>
    void (await execute("setpriv", [...become, join(programs, program), ...rest], { cwd: folder }));
}
