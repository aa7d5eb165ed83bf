import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startLoad } from "@godwit/agent/load";
import { Client } from "@godwit/client";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { z } from "zod";
import { freePort } from "../support/ports.ts";
import { Program } from "../e2e/support/program.ts";
import { until } from "../e2e/support/until.ts";

const Ready = z.object({ url: z.string(), link: z.string(), adminTokenFile: z.string(), agentTokenFile: z.string() });
type Ready = z.infer<typeof Ready>;

const hosts = [
  { name: "alpha", serviceAddress: "127.0.0.1" },
  { name: "beta", serviceAddress: "127.0.0.2" },
];
/** So slow that a guest of 32 MiB is under way for seconds. */
const linkBytesPerSec = 6_000_000;
const MiB = 1024 * 1024;

/** An orchestrator and two hosts, each a process of its own, with two guests on alpha: `quick`, which is empty, and `slow`, which is not. */
export class Stage implements AsyncDisposable {
  readonly #folder: string;
  readonly #programs = new Map<string, Program>();
  #ready: Ready | undefined;
  #client: Client | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    for (const name of ["server", "alpha", "beta"])
      this.#programs.set(name, new Program(name, join(folder, `${name}.log`)));
  }

  static async start(): Promise<Stage> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), "godwit-page-")));
    try {
      await stage.startServer();
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

  get client(): Client {
    if (this.#client === undefined) throw new Error("The orchestrator has not started");
    return this.#client;
  }

  async signalServer(signal: NodeJS.Signals): Promise<void> {
    await this.#program("server").kill(signal);
  }

  /** At the port that it had before. */
  async startServer(): Promise<void> {
    const port = this.#ready === undefined ? "0" : new URL(this.#ready.url).port;
    const command = ["server", "--port", port, "--data", join(this.#folder, "server"), "--json"];
    this.#ready = Ready.parse(await this.#program("server").start(command));
    const token = (await readFile(this.#ready.adminTokenFile, "utf8")).trim();
    this.#client = new Client({ server: this.#ready.url, token });
  }

  async agentsConnected(): Promise<void> {
    await until("both agents are connected", async () => {
      const { items } = await this.client.hosts.list();
      return items.filter(({ state }) => state === "connected").length === hosts.length;
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

  async #startAgent({ name, serviceAddress }: (typeof hosts)[number]): Promise<void> {
    const { url, agentTokenFile } = this.#known;
    const identity = ["--name", name, "--server", url, "--token-file", agentTokenFile];
    const places = ["--data", join(this.#folder, name), "--service-address", serviceAddress];
    await this.#program(name).start(["agent", ...identity, ...places, "--link", String(linkBytesPerSec), "--json"]);
  }

  async #createGuests(): Promise<void> {
    const addresses = hosts.map(({ serviceAddress }) => serviceAddress);
    for (const name of ["quick", "slow"]) {
      const port = await freePort(addresses);
      const devices = [{ name: "ram", kind: "memory", config: { sizeBytes: 32 * MiB, port } }];
      await this.client.guests.create({ name, host: "alpha", devices });
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
  const page = await context.newPage();
  const seen: Visit = { context, page, complaints: [], posts: [] };
  page.on("pageerror", (error) => seen.complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && seen.complaints.push(message.text()));
  page.on("request", (request) => {
    if (request.method() !== "POST") return;
    seen.posts.push({ path: new URL(request.url()).pathname, key: request.headers()["idempotency-key"] });
  });
  return seen;
}
