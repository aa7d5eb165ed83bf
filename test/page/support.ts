import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type LoadHandle, startLoad } from "@godwit/agent/load";
import { Client } from "@godwit/client";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { z } from "zod";
import { freePort } from "../support/ports.ts";
import { Program } from "../e2e/support/program.ts";
import { until } from "../e2e/support/until.ts";

const Ready = z.object({ url: z.string(), link: z.string(), adminTokenFile: z.string(), agentTokenFile: z.string() });
type Ready = z.infer<typeof Ready>;

interface StageOptions {
  /** Of the orchestrator. */
  settings?: object;
  /** An orchestrator alone, without hosts and guests. */
  alone?: boolean;
}

const hosts = [
  { name: "alpha", serviceAddress: "127.0.0.1" },
  { name: "beta", serviceAddress: "127.0.0.2" },
];
const addresses = hosts.map(({ serviceAddress }) => serviceAddress);
/** So slow that a guest of 32 MiB is under way for seconds. */
const linkBytesPerSec = 6_000_000;
const MiB = 1024 * 1024;
const pageBytes = 4096;

/** An orchestrator and two hosts, each a process of its own, with two guests on alpha: `quick`, which is empty, and `slow`, which is not. */
export class Stage implements AsyncDisposable {
  readonly #folder: string;
  readonly #programs = new Map<string, Program>();
  #ready: Ready | undefined;
  #client: Client | undefined;
  #token = "";

  private constructor(folder: string) {
    this.#folder = folder;
    for (const name of ["server", "alpha", "beta"])
      this.#programs.set(name, new Program(name, join(folder, `${name}.log`)));
  }

  static async start({ settings = {}, alone = false }: StageOptions = {}): Promise<Stage> {
    // The bundle of these very sources: nothing is done where it is there.
    await promisify(execFile)(process.execPath, [fileURLToPath(new URL("../../scripts/bundle.mjs", import.meta.url))]);
    const stage = new Stage(await mkdtemp(join(tmpdir(), "godwit-page-")));
    try {
      await writeFile(stage.#settingsFile, JSON.stringify(settings));
      await stage.startServer();
      if (alone) return stage;
      await Promise.all(hosts.map((host) => stage.#startAgent(host)));
      await stage.agentsConnected();
      await stage.#createGuests();
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
    return stage;
  }

  get url(): string {
    return this.#known.url;
  }

  /** Opens the page once. */
  get link(): string {
    return this.#known.link;
  }

  /** With every scope. */
  get adminToken(): string {
    return this.#token;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error("The orchestrator has not started");
    return this.#client;
  }

  async signal(program: "server" | "alpha" | "beta", signal: NodeJS.Signals): Promise<void> {
    await this.#program(program).kill(signal);
  }

  /** One more host, let in by a token of its own, for as long as it is wanted. */
  async anotherAgent(name: string, token: string): Promise<AsyncDisposable> {
    const tokenFile = join(this.#folder, `${name}.token`);
    await writeFile(tokenFile, token);
    const program = new Program(name, join(this.#folder, `${name}.log`));
    this.#programs.set(name, program);
    await this.#startAgent({ name, serviceAddress: "127.0.0.3" }, tokenFile);
    return { [Symbol.asyncDispose]: async () => await program.end() };
  }

  async restartAgent(name: "alpha" | "beta"): Promise<void> {
    const host = hosts.find((each) => each.name === name);
    if (host !== undefined) await this.#startAgent(host);
    await this.agentsConnected();
  }

  /** A guest of 32 MiB on alpha. Resolves with the port at which it serves, wherever it runs. */
  async createGuest(name: string): Promise<number> {
    const port = await freePort(addresses);
    const devices = [{ name: "ram", kind: "memory", config: { sizeBytes: 32 * MiB, port } }];
    await this.client.guests.create({ name, host: "alpha", devices });
    return port;
  }

  /** A guest that is written faster than the link carries, for as long as its load goes on. */
  async createHopeless(): Promise<LoadHandle> {
    const port = await this.createGuest("hopeless");
    const writesPerSecond = Math.round((3 * linkBytesPerSec) / pageBytes);
    const endpoints = addresses.map((address) => `${address}:${port}`);
    const load = startLoad({ endpoints, keys: 12_000, writesPerSecond });
    await load.fill();
    return load;
  }

  /**
   * Waits until the guest was watched for a while after it was last written. Until then all that is known of it may be how it was filled,
   * and as fast as that it cannot be moved.
   */
  async seenAtRest(guest: string): Promise<void> {
    const look = async () => await this.client.plans.create({ guest, destination: "beta" });
    await until(`${guest} was seen at rest`, async () => (await look()).outlook?.verdict.kind === "converging", 60_000);
  }

  /** At the port that it had before. */
  async startServer(): Promise<void> {
    const port = this.#ready === undefined ? "0" : new URL(this.#ready.url).port;
    const command = ["server", "--port", port, "--data", join(this.#folder, "server"), "--config", this.#settingsFile];
    this.#ready = Ready.parse(await this.#program("server").start([...command, "--json"]));
    this.#token = (await readFile(this.#ready.adminTokenFile, "utf8")).trim();
    this.#client = new Client({ server: this.#ready.url, token: this.#token });
  }

  /** Another process at the same port, with the same data and a new link. */
  async restartServer(): Promise<void> {
    await this.signal("server", "SIGKILL");
    await this.startServer();
  }

  async agentsConnected(): Promise<void> {
    await until("both agents are connected", async () => {
      const { items } = await this.client.hosts.list();
      const connected = items.filter(({ state }) => state === "connected").map(({ name }) => name);
      return hosts.every(({ name }) => connected.includes(name));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#client !== undefined)
        for (const { id } of (await this.client.guests.list()).items) await this.client.guests.remove(id);
    } finally {
      await Promise.all([...this.#programs.values()].map((program) => program.end()));
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  async #startAgent(
    { name, serviceAddress }: (typeof hosts)[number],
    tokenFile = this.#known.agentTokenFile,
  ): Promise<void> {
    const identity = ["--name", name, "--server", this.url, "--token-file", tokenFile];
    const places = ["--data", join(this.#folder, name), "--service-address", serviceAddress];
    await this.#program(name).start(["agent", ...identity, ...places, "--link", String(linkBytesPerSec), "--json"]);
  }

  async #createGuests(): Promise<void> {
    for (const name of ["quick", "slow"]) {
      const port = await this.createGuest(name);
      if (name === "quick") continue;
      await using load = startLoad({
        endpoints: [`127.0.0.1:${port}`],
        keys: 24_000,
        writesPerSecond: 1,
        valueBytes: 200,
      });
      await load.fill();
    }
  }

  get #settingsFile(): string {
    return join(this.#folder, "settings.json");
  }

  get #known(): Ready {
    if (this.#ready === undefined) throw new Error("The orchestrator has not started");
    return this.#ready;
  }

  #program(name: string): Program {
    const program = this.#programs.get(name);
    if (program === undefined) throw new Error(`There is no program ${name} in this test`);
    return program;
  }
}

export async function openBrowser(executablePath: string): Promise<Browser> {
  const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  const plain = [
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
  ];
  // Chromium's sandbox refuses to be root's.
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return await chromium.launch({ executablePath, args: [...quiet, ...plain, ...sandbox] });
}

/** A page with the probes, and what went wrong in it. */
export interface Visit {
  context: BrowserContext;
  page: Page;
  /** Errors of scripts, and what the browser refused or missed. */
  complaints: string[];
  /** The POSTs that it sent, and the key of each. */
  posts: { path: string; key: string | undefined }[];
}

export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ timezoneId: "UTC", reducedMotion: "reduce", ...options });
  await context.addInitScript({ path: fileURLToPath(new URL("probes.js", import.meta.url)) });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const seen: Visit = { context, page, complaints: [], posts: [] };
  page.on("pageerror", (error) => seen.complaints.push(error.message));
  page.on(
    "console",
    (message) => message.type() === "error" && seen.complaints.push(`${message.text()} ${message.location().url}`),
  );
  page.on("request", (request) => {
    if (request.method() !== "POST") return;
    seen.posts.push({ path: new URL(request.url()).pathname, key: request.headers()["idempotency-key"] });
  });
  return seen;
}

/** What axe finds wrong with the page as it is (WCAG 2.2, A and AA), each with the places. */
export async function violations(page: Page): Promise<string[]> {
  // Put in by the browser's own hand: a script element would be refused by the page's policy.
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(tags)} })`);
  const { violations: all } = z
    .object({
      violations: z.array(
        z.object({
          id: z.string(),
          help: z.string(),
          nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
        }),
      ),
    })
    .parse(found);
  return all.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = "" }) => `${id}: ${help}\n${html.slice(0, 200)}\n${failureSummary}`),
  );
}

/** What is wrong with the page in either theme, and whether anything reaches beyond the side where it is narrow. */
export async function flawsOf(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await violations(page)));
  }
  const wide = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  const beyond = Number(await page.evaluate("probes.widthBeyond()"));
  if (wide !== null) await page.setViewportSize(wide);
  return beyond === 0 ? found : [...found, `${beyond} px beyond the side of a page of 390 px`];
}

/** Presses Tab until what has the focus is called so. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const seen: string[] = [];
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const focused = String(await page.evaluate("probes.focused()"));
    if (typeof name === "string" ? focused === name : name.test(focused)) return;
    seen.push(focused);
  }
  throw new Error(`Nothing that Tab reaches is called ${name.toString()}: ${seen.join(" | ")}`);
}
