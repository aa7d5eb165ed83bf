import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@godwit/client";
import {
  CreatedToken,
  type Event,
  FenceResult,
  type Host,
  type ProblemCode,
  problems,
  TokenList,
} from "@godwit/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { runCommand, type Said } from "./support/command.ts";
import { memoryGuest, type MemoryGuest } from "./support/guests.ts";
import { until } from "./support/until.ts";

/** A cursor before everything. */
const origin = Buffer.from("0.0").toString("base64url");

let folder: string;
let cluster: Cluster;
let guest: MemoryGuest;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-fence-"));
  const config = join(folder, "config.json");
  // The script is written as a test needs it.
  const fencing = { alpha: { command: ["/bin/sh", script()], timeoutMs: 1_500 } };
  await writeFile(config, JSON.stringify({ fencing }));
  cluster = await Cluster.start(alphaAndBeta(), (program) =>
    program === "server" ? { options: ["--config", config] } : {},
  );
  guest = await memoryGuest(cluster, { name: "web" });
}, 180_000);
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

function problem(code: ProblemCode, more: object = {}): object {
  const { status, title } = problems[code];
  return { status, body: { title, status, code, ...more } };
}

async function fence(body: object, headers: Record<string, string> = {}, host = "alpha") {
  return await cluster.ask("POST", `/v1/hosts/${host}/fence`, { body, headers });
}

async function tokenWith(...scopes: string[]): Promise<CreatedToken> {
  const answer = await cluster.ask("POST", "/v1/tokens", { body: { name: scopes.join(" "), scopes } });
  expect(answer.status).toBe(201);
  return CreatedToken.parse(answer.body);
}

function shown({ token }: { token: string }): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

async function command(...words: string[]): Promise<Said> {
  return await runCommand(cluster, ...words);
}

/** The first so many kept events of a type. */
async function told(type: Event["type"], count: number): Promise<Event[]> {
  const client = new Client({ server: cluster.url, token: cluster.token, signal: AbortSignal.timeout(20_000) });
  const found: Event[] = [];
  for await (const each of client.events(origin)) {
    if (each.type === "event" && each.event.type === type) found.push(each.event);
    if (found.length >= count) break;
  }
  return found;
}

function script(): string {
  return join(folder, "fence-alpha");
}

async function dead(host: string): Promise<void> {
  await cluster.kill(host);
  await until(`${host} is seen to be away`, async () => (await hostOf(host)).state !== "connected");
}

async function back(host: string): Promise<void> {
  await cluster.restart(host);
  await cluster.connected([host]);
}

async function hostOf(name: string): Promise<Host> {
  return await cluster.client.hosts.get(name);
}

async function stateOfGuest(): Promise<string> {
  return (await cluster.client.guests.get(guest.id)).state;
}

describe("what is refused", () => {
  test("A7: to fence a host whose agent is connected; that is told, with who tried and why", async () => {
    expect(await fence({ reason: "a hunch" })).toMatchObject(problem("host-connected"));
    expect(await hostOf("alpha")).toMatchObject({ state: "connected" });
    const [refusal] = await told("host.fence-refused", 1);
    const data = { code: "host-connected", reason: "a hunch", name: "alpha", by: expect.stringMatching(/^admin/) };
    expect(refusal).toMatchObject({ hostId: (await hostOf("alpha")).id, data });
  });

  test.each([
    [{ reason: "x", force: true }, "/force"],
    [{ reason: "" }, "/reason"],
    [{ reason: "x".repeat(501) }, "/reason"],
    [{ reason: "a\nb" }, "/reason"],
    [{}, "/reason"],
    [{ reason: "x", yesItIsDead: "yes" }, "/yesItIsDead"],
  ])("A2: %j: at %s", async (body, pointer) => {
    expect(await fence(body)).toMatchObject(
      problem("invalid-request", { errors: [{ pointer, detail: expect.any(String) }] }),
    );
  });

  test("a host that there is not, a command that there is not", async () => {
    expect(await fence({ reason: "x" }, {}, "nowhere")).toMatchObject(problem("unknown-host"));
    await dead("beta");
    expect(await fence({ reason: "x", runCommand: true }, {}, "beta")).toMatchObject(problem("no-fencing-command"));
    expect((await hostOf("beta")).state).toBe("disconnected");
    await back("beta");
  });
});

describe("scopes", () => {
  const missing = (scope: string) => problem("forbidden", { detail: `This needs the scope "${scope}".` });

  test("A6: what a token does not allow is refused by the name of the scope", async () => {
    const reader = shown(await tokenWith("read"));
    expect((await cluster.ask("GET", "/v1/hosts", { headers: reader })).status).toBe(200);
    expect(await cluster.ask("POST", "/v1/plans", { body: {}, headers: reader })).toMatchObject(missing("operate"));
    expect(await cluster.ask("GET", "/v1/tokens", { headers: reader })).toMatchObject(missing("tokens:manage"));
    const operator = shown(await tokenWith("read", "operate"));
    expect(await fence({ reason: "x" }, operator)).toMatchObject(missing("hosts:fence"));
    const fencer = shown(await tokenWith("hosts:fence"));
    expect(await fence({ reason: "x" }, fencer)).toMatchObject(problem("host-connected"));
    expect(await cluster.ask("GET", "/v1/hosts", { headers: fencer })).toMatchObject(missing("read"));
  });

  test("A6: a token gives no scope that its maker has not; its secret is told once, and one that is revoked opens nothing", async () => {
    const maker = await tokenWith("read", "tokens:manage");
    const make = async (scopes: string[]) =>
      await cluster.ask("POST", "/v1/tokens", {
        body: { name: "made", scopes },
        headers: { ...shown(maker), "idempotency-key": "the same" },
      });
    expect(await make(["read", "hosts:fence"])).toMatchObject(missing("hosts:fence"));
    const [first, second] = [await make(["read"]), await make(["read"])].map(({ body }) => CreatedToken.parse(body));
    expect(first?.token).not.toBe(second?.token);
    const days = (Date.parse(first?.expiresAt ?? "") - Date.parse(first?.createdAt ?? "")) / 86_400_000;
    expect(days).toBe(90);
    const listed = await cluster.ask("GET", "/v1/tokens?limit=200", { headers: shown(maker) });
    expect(
      TokenList.parse(listed.body)
        .items.slice(0, 3)
        .map(({ id }) => id),
    ).toEqual([second?.id, first?.id, maker.id]);
    expect(JSON.stringify(listed.body)).not.toContain(first?.token.split("_")[2]);

    const revoke = async (id = "") => await cluster.ask("DELETE", `/v1/tokens/${id}`, { headers: shown(maker) });
    expect((await revoke(first?.id)).status).toBe(204);
    expect((await revoke(first?.id)).status).toBe(204);
    expect(await cluster.ask("GET", "/v1/hosts", { headers: shown(first ?? maker) })).toMatchObject(
      problem("unauthenticated"),
    );
    expect(await revoke("00000000")).toMatchObject(problem("unknown-token"));
    const revoked = await told("token.revoked", 1);
    expect(revoked).toMatchObject([{ data: { id: first?.id, by: `read tokens:manage (${maker.id})` } }]);
    expect(JSON.stringify(await told("token.created", 2))).not.toMatch(/gdw_/);
  });

  test("A6: a token for agents is made too: it has no scopes, does not expire unless that is asked for, and opens the API to nobody", async () => {
    const make = async (body: object) =>
      CreatedToken.parse((await cluster.ask("POST", "/v1/tokens", { body: { name: "rack 4", ...body } })).body);
    const made = await make({ role: "agent" });
    expect(made).toMatchObject({ role: "agent", scopes: [] });
    expect(made.expiresAt).toBeUndefined();
    const lasting = await make({ role: "agent", expiresInDays: 7 });
    expect(Date.parse(lasting.expiresAt ?? "") - Date.parse(lasting.createdAt)).toBe(7 * 86_400_000);
    expect(await cluster.ask("GET", "/v1/hosts", { headers: shown(made) })).toMatchObject(problem("forbidden"));
  });

  test.each([
    [{ name: "x", scopes: [] }, "/scopes"],
    [{ name: "x" }, "/scopes"],
    [{ name: "x", role: "agent", scopes: ["read"] }, "/scopes"],
    [{ name: "x", role: "root", scopes: ["read"] }, "/role"],
    [{ name: "x", scopes: ["root"] }, "/scopes/0"],
    [{ name: "", scopes: ["read"] }, "/name"],
    [{ name: "x", scopes: ["read"], expiresInDays: 3_651 }, "/expiresInDays"],
    [{ name: "x", scopes: ["read"], secret: "x" }, "/secret"],
  ])("A2: a token of %j: at %s", async (body, pointer) => {
    expect(await cluster.ask("POST", "/v1/tokens", { body })).toMatchObject(
      problem("invalid-request", { errors: [{ pointer, detail: expect.any(String) }] }),
    );
  });
});

describe("a host that is dead", () => {
  test("A7: is fenced, its guest is lost and cannot be moved; both are as before when its agent says hello again", async () => {
    await dead("alpha");
    expect(await stateOfGuest()).toBe("unknown");
    const { status, body } = await fence({ reason: "the rack burns" });
    expect(status).toBe(200);
    const by = expect.stringMatching(/^admin/);
    expect(FenceResult.parse(body)).toMatchObject({
      host: { name: "alpha", state: "fenced", fenced: { by, reason: "the rack burns" } },
      migrations: [],
      lostGuests: ["web"],
    });
    expect(await stateOfGuest()).toBe("lost");
    const move = { body: { guest: "web", destination: "beta" } };
    expect(await cluster.ask("POST", "/v1/migrations", move)).toMatchObject(problem("guest-not-settled"));
    expect((await fence({ reason: "it still does" })).body).toMatchObject({
      host: { fenced: { reason: "it still does" } },
      lostGuests: [],
    });

    await cluster.kill("server");
    await cluster.restart("server");
    expect(await hostOf("alpha")).toMatchObject({ state: "fenced" });
    expect(await stateOfGuest()).toBe("lost");

    await back("alpha");
    expect(await hostOf("alpha")).not.toHaveProperty("fenced");
    expect(await stateOfGuest()).toBe("running");
    expect(await told("host.fenced", 1)).toMatchObject([{ data: { by, acceptOlderCopy: false, name: "alpha" } }]);
    expect(await told("guest.lost", 1)).toMatchObject([{ guestId: guest.id, data: { name: "web" } }]);
    expect(await told("host.unfenced", 1)).toMatchObject([{ data: { name: "alpha", reason: "it still does" } }]);
  }, 120_000);

  test("of a lost guest only the record is removed; an agent that comes back with it brings it back", async () => {
    await dead("alpha");
    await fence({ reason: "the rack burns" });
    expect((await cluster.ask("DELETE", "/v1/guests/web")).status).toBe(204);
    expect(await cluster.ask("GET", "/v1/guests/web")).toMatchObject(problem("unknown-guest"));
    await back("alpha");
    expect(await stateOfGuest()).toBe("running");
  }, 120_000);

  test("that is connected all the same is cut off at the second word; a hello shows that it lives", async () => {
    const { body } = await fence({ reason: "I unplugged it", yesItIsDead: true });
    expect(FenceResult.parse(body)).toMatchObject({ host: { state: "fenced" }, lostGuests: ["web"] });
    await cluster.connected(["alpha"]);
    expect(await stateOfGuest()).toBe("running");
  });
});

describe("a fencing command", () => {
  test("A7: fences by exit status 0 alone, knows the host, and what it writes is for whoever asked", async () => {
    await dead("alpha");
    await writeFile(script(), 'echo "no plug for $GODWIT_HOST" >&2; exit 1');
    expect(await fence({ reason: "x", runCommand: true })).toMatchObject(
      problem("fencing-failed", { detail: "The fencing command of alpha ended with 1.\nno plug for alpha" }),
    );
    await writeFile(script(), "sleep 600; exit 0");
    expect(await fence({ reason: "x", runCommand: true })).toMatchObject(
      problem("fencing-failed", { detail: expect.stringMatching(/still running after 1500 ms and was killed/) }),
    );
    expect((await hostOf("alpha")).state).toBe("disconnected");
    expect(await stateOfGuest()).toBe("unknown");
    await writeFile(script(), `echo "$GODWIT_HOST_ID" > ${join(folder, "asked")}`);
    expect(await fence({ reason: "x", runCommand: true })).toMatchObject({
      status: 200,
      body: { lostGuests: ["web"] },
    });
    expect((await readFile(join(folder, "asked"), "utf8")).trim()).toBe((await hostOf("alpha")).id);
    await back("alpha");
  }, 120_000);

  test("is not run for a host that is connected", async () => {
    await rm(join(folder, "asked"));
    expect(await fence({ reason: "x", runCommand: true })).toMatchObject(problem("host-connected"));
    await expect(readFile(join(folder, "asked"))).rejects.toThrow("ENOENT");
  });
});

describe("on the command line", () => {
  test("a fence is asked about, refused as a conflict, and told with what became of the guests", async () => {
    const words = ["host", "fence", "alpha", "--reason", "the rack burns"];
    expect(await command(...words)).toMatchObject({ code: 2, talk: expect.stringMatching(/no terminal.*--yes/) });
    expect(await command(...words, "--yes")).toMatchObject({ code: 5, talk: expect.stringMatching(/^host-connected/) });
    await writeFile(script(), "exit 4");
    await dead("alpha");
    expect(await command(...words, "--yes", "--run-command")).toMatchObject({
      code: 5,
      talk: expect.stringMatching(/^fencing-failed: .*ended with 4/),
    });
    const json = await command(...words, "--yes", "--json");
    expect(FenceResult.parse(JSON.parse(json.data))).toMatchObject({ lostGuests: ["web"] });
    expect(await command(...words, "--yes")).toEqual({
      code: 0,
      data: "alpha is fenced.\nIt had no guest, and no part in a migration.\n",
      talk: "",
    });
    expect((await command("host", "list")).data).toMatch(/^alpha +fenced +1 /m);
    expect((await command("host", "get", "alpha")).data).toMatch(/^ {2}fenced +.* by admin.*: the rack burns$/m);
    expect((await command("guest", "list")).data).toMatch(/^web +alpha +lost /m);
    await back("alpha");
    expect((await command("host", "get", "alpha")).data).not.toContain("fenced");
    expect(await command("host", "fence", "alpha")).toMatchObject({ code: 2 });
    expect(await command("host", "get", "nowhere")).toMatchObject({ code: 3 });
  }, 180_000);

  test("a token is made, listed and revoked", async () => {
    const made = await command("token", "create", "ci", "--scope", "read", "--expires-in-days", "7");
    const { code, data, talk } = made;
    expect({ code, data }).toEqual({ code: 0, data: expect.stringMatching(/^gdw_\w{8}_\w{32}_\w{6}\n$/) });
    expect(talk).toMatch(/only time/);
    const id = data.split("_")[1] ?? "";
    expect((await command("token", "list")).data).toMatch(new RegExp(`^${id} +ci +custom +read +valid `, "m"));
    const file = join(folder, "ci-token");
    await writeFile(file, data);
    expect(await command("host", "fence", "alpha", "--reason", "x", "--yes", "--token-file", file)).toMatchObject({
      code: 4,
      talk: 'forbidden: This needs the scope "hosts:fence".\n',
    });
    expect(await command("token", "revoke", id)).toMatchObject({ code: 0, data: "" });
    expect((await command("token", "list")).data).toMatch(new RegExp(`^${id} +ci +custom +read +revoked `, "m"));
    expect(await command("host", "list", "--token-file", file)).toMatchObject({ code: 4 });
    expect(await command("token", "create", "ci", "--scope", "root")).toMatchObject({ code: 2 });
  }, 120_000);

  test("a wrong setting of the server is named", async () => {
    const file = join(folder, "wrong.json");
    const server = async (settings: unknown) => {
      await writeFile(file, JSON.stringify(settings));
      return await command("server", "--data", join(folder, "nowhere"), "--config", file);
    };
    expect(await server({ fencing: { alpha: { command: [] } } })).toMatchObject({
      code: 2,
      talk: expect.stringMatching(/^fencing\.alpha\.command: /),
    });
    expect(await server({ fences: {} })).toMatchObject({ code: 2, talk: expect.stringContaining("fences") });
    expect(await server([])).toMatchObject({ code: 2, talk: expect.stringContaining("wrong.json") });
  });
});
