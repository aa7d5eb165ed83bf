/** `npm run screenshots`: the pictures of README.md, made anew from the demo, once its tour has ended and two of its guests move again. */
import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "@godwit/client";
import type { Browser, Page } from "playwright-core";
import { godwit } from "../test/e2e/support/program.ts";
import { openBrowser, visit } from "../test/page/support.ts";
import { need } from "../test/support/requirements.ts";

const docs = fileURLToPath(new URL("../docs/", import.meta.url));
const viewport = { width: 1280, height: 800 };
/** So long the course is by then that there is something to see in it. */
const courseMs = 25_000;

const chromium = need("chromium");
if (chromium.path === undefined) throw new Error(chromium.missing);
await promisify(execFile)(process.execPath, [fileURLToPath(new URL("bundle.mjs", import.meta.url))]);
const folder = await mkdtemp(join(tmpdir(), "godwit-screenshots-"));
try {
  await withDemo(async (demo) => {
    const browser = await openBrowser(chromium.path);
    try {
      await takeAll(browser, await toured(demo));
    } finally {
      await browser.close();
    }
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}

type Demo = ChildProcessByStdio<null, Readable, null>;
interface Toured {
  link: string;
  client: Client;
}

/** While the demo runs; whatever comes of it, the demo and the processes that it has started have ended then. */
async function withDemo(use: (demo: Demo) => Promise<void>): Promise<void> {
  const demo = spawn(process.execPath, [...godwit(["demo"]), "--data", join(folder, "demo")], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(demo, "exit");
  try {
    await use(demo);
  } finally {
    demo.kill("SIGINT");
    await exited;
  }
}

async function takeAll(browser: Browser, { link, client }: Toured): Promise<void> {
  const { page } = await visit(browser, { viewport, colorScheme: "light" });
  await page.goto(link);
  const held = await begin(client, "busy", 500);
  await begin(client, "calm", 300);
  await page.getByRole("row", { name: /^busy/ }).getByText("Ready", { exact: true }).waitFor({ timeout: 120_000 });
  await take(page, "overview-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(`${new URL(link).origin}/migrations/${held}`);
  await page.getByText("Ready", { exact: true }).waitFor();
  await page.waitForTimeout(courseMs);
  await take(page, "migration-dark");
}

/** Once the demo has shown what it shows by itself. */
async function toured(demo: Demo): Promise<Toured> {
  const told = new Map<string, string>();
  for await (const line of createInterface({ input: demo.stdout })) {
    console.error(line);
    const [, name = "", value = ""] = /^(Dashboard|API|Token)\s+(\S+)$/.exec(line) ?? [];
    told.set(name, value);
    if (line.startsWith("The demo goes on")) break;
  }
  const link = told.get("Dashboard");
  if (link === undefined) throw new Error("The demo has ended before it had a dashboard");
  const token = (await readFile(told.get("Token") ?? "", "utf8")).trim();
  return { link, client: new Client({ server: new URL(link).origin, token }) };
}

/** To the host where it is not, and held there at the brink, so that there is time to look. */
async function begin(client: Client, guest: string, downtimeLimitMs: number): Promise<string> {
  const { host } = await client.guests.get(guest);
  const destination = host === "alpha" ? "beta" : "alpha";
  const { id } = await client.migrations.create({ guest, destination, limits: { downtimeLimitMs, hold: true } });
  return id;
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(docs, `${name}.png`) });
}
