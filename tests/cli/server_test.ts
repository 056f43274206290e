import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connect } from "node:tls";
import { client, type Element } from "@xmpp/client";
import { parseCommand, UsageError } from "../../cli/command_line.ts";
import { freePort } from "../../scripts/local_port.ts";
import { SETTINGS } from "../../server/config_table.ts";
import { Program } from "../scripts/program.ts";

const ROOT = resolve(import.meta.dir, "../..");
const SCRIPT = join(ROOT, "scripts/server.ts");
const RUNTIMES = {
  bun: [process.execPath, SCRIPT],
  deno: [join(ROOT, "node_modules/.bin/deno"), "run", "-A", SCRIPT],
} as const;
const QUIET = { AMPACT_HTTP_PORT: "0", AMPACT_C2S_PORT: "0", AMPACT_C2S_TLS_PORT: "0", AMPACT_LOG_LEVEL: "warn" };
const STOP_MS = 3000;

let folder = "";
let programs: Program[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ampact-cli-"));
});

afterEach(() => {
  for (const program of programs) program.kill("SIGKILL");
  programs = [];
  rmSync(folder, { recursive: true });
});

interface Start {
  readonly runtime?: keyof typeof RUNTIMES;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

function start(args: readonly string[], { runtime = "bun", env = {}, input = "" }: Start = {}): Program {
  const [command, ...before] = RUNTIMES[runtime];
  const program = new Program(command, [...before, ...args], { cwd: folder, env: { ...QUIET, ...env }, input });
  programs.push(program);
  return program;
}

/** Runs to the end. */
async function run(args: readonly string[], options?: Start) {
  const program = start(args, options);
  return { code: await program.exitCode, output: program.output, errors: program.errors };
}

async function webSocketUrl(program: Program): Promise<string> {
  return (await program.prints(/ws:\/\/\S+/))[0];
}

async function login(service: string, username: string, password: string) {
  const xmpp = client({ service, domain: "localhost", username, password });
  xmpp.reconnect.stop();
  // Faults are seen by what they make fail.
  xmpp.on("error", () => {});
  await xmpp.start();
  return xmpp;
}

/** Not `rejects`, which in Bun holds up what the promise waits for. */
function fault(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => "", String);
}

describe("server --help", () => {
  test("lists every command and every key with its variable", async () => {
    const { code, output } = await run(["--help"]);
    expect(code).toBe(0);
    for (const key of Object.keys(SETTINGS)) {
      expect(output).toContain(` ${key} `);
      expect(output).toContain(`AMPACT_${key.replaceAll(".", "_").toUpperCase()}\n`);
    }
    for (const action of ["add", "passwd", "remove", "forward", "usage", "list"])
      expect(output).toContain(`user ${action}`);
    for (const action of ["add", "list", "remove"]) expect(output).toContain(`token ${action}`);
    for (const command of ["explain --to", "trace ID"]) expect(output).toContain(command);
  });
});

describe("server, wrongly used", () => {
  test.each([
    [["serve-me"], 'Cannot run "serve-me": there is no such command'],
    [["user"], "Cannot run user: expected one of add, passwd, remove, forward, usage, list"],
    [["user", "add"], "Cannot run user add: the name is missing"],
    [["user", "list", "more"], "Cannot run user list: too many arguments"],
    [["user", "add", "a", "b", "c"], "Cannot run user add: too many arguments"],
    [["token"], "Cannot run token: expected one of add, list, remove"],
    [["token", "add"], "Cannot run token add: the name is missing"],
    [["token", "add", "a"], "Cannot run token add: expected --scope and one or more of send, read"],
    [["token", "add", "a", "--scope", "write"], "Cannot run token add: expected --scope and one or more of send, read"],
    [["token", "add", "a", "--scope", "send", "b"], "Cannot run token add: too many arguments"],
    [["token", "remove", "a", "b"], "Cannot run token remove: too many arguments"],
    [["token", "list", "a"], "Cannot run token list: too many arguments"],
    [["s2s", "b.lab"], "Cannot run s2s: expected nothing, or test DOMAIN"],
    [["s2s", "test"], "Cannot run s2s test: the domain is missing"],
    [["s2s", "test", "b.lab", "c.lab"], "Cannot run s2s test: too many arguments"],
  ])("%p is refused: %s", (args, line) => {
    expect(() => parseCommand(args)).toThrow(new UsageError(line));
  });

  test("ends with exit code 2 and one line", async () => {
    const errors = 'Cannot run "serve-me": there is no such command (see --help)\n';
    expect(await run(["serve-me"])).toEqual({ code: 2, output: "", errors });
  });

  test.each([
    ["a bad value", { AMPACT_HTTP_PORT: "many" }, 'AMPACT_HTTP_PORT: "many" given'],
    ["a file that is not there", { AMPACT_CONFIG: "nowhere.toml" }, 'AMPACT_CONFIG: "nowhere.toml" given'],
    ["an unknown key", { AMPACT_CONFIG: "other.toml" }, "http.prot: 1 given"],
  ])("%s in the configuration ends with exit code 2 and names it", async (_, env, part) => {
    writeFileSync(join(folder, "other.toml"), "[http]\nprot = 1\n");
    const { code, errors } = await run([], { env });
    expect(errors).toStartWith("Cannot use configuration ");
    expect(errors).toContain(part);
    expect(errors.trimEnd().split("\n")).toHaveLength(1);
    expect(code).toBe(2);
  });
});

describe("server, where it cannot start", () => {
  test("tells in one line which port is in use", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    for (const [variable, what] of [
      ["AMPACT_HTTP_PORT", "HTTP"],
      ["AMPACT_C2S_PORT", "TCP"],
    ] as const) {
      expect(await run([], { env: { [variable]: String(port) } })).toEqual({
        code: 1,
        output: "",
        errors: `Cannot listen for ${what} at 127.0.0.1:${port}: the port is in use by another process\n`,
      });
    }
    taken.close();
  });

  test("tells in one line that the store is damaged", async () => {
    writeFileSync(join(folder, "bad.db"), "no database".repeat(1000), { mode: 0o600 });
    const { code, errors } = await run([], { env: { AMPACT_STORE_URL: "sqlite:bad.db" } });
    expect(errors).toMatch(/^Cannot open the store bad\.db: .*\n$/);
    expect(code).toBe(1);
  });

  test("tells in one line that another process has the store, in time", async () => {
    await start([]).prints(/Next:/);
    const { code, errors } = await run([]);
    expect(errors).toMatch(/^Cannot open the store data\/ampact\.db: .*another process has it open.*\n$/);
    expect(code).toBe(1);
  });

  test("tells in one line that the certificate cannot be read", async () => {
    const port = String(await freePort());
    const env = { AMPACT_C2S_PORT: port, AMPACT_TLS_CERT: "cert.pem", AMPACT_TLS_KEY: "key.pem" };
    const { code, errors } = await run([], { env });
    expect(errors).toMatch(/^Cannot read certificate cert\.pem: .*\n$/);
    expect(code).toBe(1);
  });
});

describe("server user", () => {
  test("keeps accounts while no server runs", async () => {
    expect(await run(["user", "add", "juliet", "one"])).toMatchObject({ code: 0, output: "Added juliet@localhost\n" });
    expect(await run(["user", "add", "Romeo@localhost"], { input: "two\n" })).toMatchObject({
      code: 0,
      output: "Added romeo@localhost\n",
    });
    expect(await run(["user", "list"])).toMatchObject({ output: "juliet@localhost\nromeo@localhost\n" });
    expect(await run(["user", "passwd", "juliet", "three"])).toMatchObject({ code: 0 });
    expect(await run(["user", "remove", "romeo"])).toMatchObject({ code: 0, output: "Removed romeo@localhost\n" });
    expect(await run(["user", "list"])).toMatchObject({ output: "juliet@localhost\n" });
  });

  test.each([
    [["list"]],
    [["usage", "juliet"]],
    [["remove", "juliet"]],
    [["passwd", "juliet", "x"]],
    [["forward", "juliet"]],
  ])("%p makes no database where there is none, and says where it has looked", async (args) => {
    const { code, errors } = await run(["user", ...args]);
    const path = join(realpathSync(folder), "data/ampact.db");
    expect(errors).toBe(`Cannot run user ${args[0]}: there is no database at ${path}\n`);
    expect(code).toBe(1);
    expect(existsSync(path)).toBe(false);
  });

  test("add says where it has made a database, once", async () => {
    const path = join(realpathSync(folder), "data/ampact.db");
    expect((await run(["user", "add", "juliet", "one"])).errors).toBe(`Made a new database at ${path}\n`);
    expect((await run(["user", "add", "romeo", "one"])).errors).toBe("");
  });

  test("tells what is kept for an account", async () => {
    await run(["user", "add", "juliet", "one"]);
    expect((await run(["user", "usage", "juliet"])).output).toBe(
      "archive: 0 bytes\nPEP, vCard and private XML: 0 bytes of 67108864; with the archive of 268435456\n" +
        "waiting: 0 messages of 10000, 0 bytes of 67108864\n",
    );
    expect(await run(["user", "usage", "nurse"])).toMatchObject({ code: 1 });
  });

  test("sets, tells and removes a forwarding address", async () => {
    await run(["user", "add", "juliet", "one"]);
    const none = "Messages for juliet@localhost are not forwarded\n";
    const nurse = "Messages for juliet@localhost are forwarded to nurse@localhost while nobody is there\n";
    expect(await run(["user", "forward", "juliet"])).toMatchObject({ code: 0, output: none });
    expect(await run(["user", "forward", "juliet", "nurse@localhost"])).toMatchObject({ code: 0, output: nurse });
    expect(await run(["user", "forward", "juliet"])).toMatchObject({ code: 0, output: nurse });
    expect(await run(["user", "forward", "juliet", "none"])).toMatchObject({ code: 0, output: none });
  });

  test("ends with exit code 1 and one line where it cannot", async () => {
    await run(["user", "add", "juliet", "one"]);
    for (const [args, line] of [
      [["add", "juliet", "x"], "Cannot add juliet@localhost: the account exists"],
      [["passwd", "nobody", "x"], "Cannot change the password of nobody@localhost: there is no such account"],
      [["remove", "nobody"], "Cannot remove nobody@localhost: there is no such account"],
      [["forward", "nobody", "juliet@localhost"], "Cannot forward messages for nobody@localhost: there is no such"],
      [["forward", "juliet", "juliet@localhost"], 'Cannot forward to "juliet@localhost": it is the account itself'],
      [["add", "a@elsewhere", "x"], 'Cannot use "a@elsewhere" as an account: the domains served are localhost'],
      [["add", "a@localhost/phone", "x"], 'Cannot use "a@localhost/phone" as an account: not a bare JID'],
      [["add", "a b", "x"], "Cannot "],
      [["add", "romeo", ""], "Cannot use an empty password for romeo@localhost"],
    ] as const) {
      const { code, output, errors } = await run(["user", ...args]);
      expect({ code, output }).toEqual({ code: 1, output: "" });
      expect(errors).toStartWith(line);
      expect(errors.trimEnd().split("\n")).toHaveLength(1);
    }
  }, 30_000);

  test("says that a store in memory needs a running server", async () => {
    const env = { AMPACT_STORE_URL: "sqlite::memory:" };
    expect((await run(["user", "list"], { env })).errors).toContain("the store is in memory");
    await start([], { env }).prints(/Next:/);
    expect(await run(["user", "add", "juliet", "one"], { env })).toMatchObject({ code: 0 });
    expect(await run(["user", "list"], { env })).toMatchObject({ output: "juliet@localhost\n" });
  });
});

describe("server token", () => {
  test("makes tokens that are shown once, lists and removes them", async () => {
    const path = join(realpathSync(folder), "data/ampact.db");
    expect((await run(["token", "list"])).errors).toBe(`Cannot run token list: there is no database at ${path}\n`);
    const made = await run(["token", "add", "shop", "--scope", "send,read"]);
    expect(made.output).toMatch(/^ampact_[\w-]{43}\n$/);
    expect(made.errors).toEndWith("Made the token shop; it is not shown again:\n");
    const { output } = await run(["token", "list"]);
    expect(output).toMatch(/^shop send,read \d{4}-\d\d-\d\dT\S+Z\n$/);
    expect(readFileSync(path).includes(made.output.trim())).toBe(false);
    expect(await run(["token", "add", "shop", "--scope", "read"])).toMatchObject({
      code: 1,
      errors: "Cannot add token shop: the name is taken\n",
    });
    expect((await run(["token", "add", "a b", "--scope", "read"])).errors).toStartWith(
      'Cannot add token "a b": a name',
    );
    expect((await run(["token", "remove", "shop"])).output).toBe("Removed the token shop\n");
    expect(await run(["token", "remove", "shop"])).toMatchObject({ code: 1 });
    expect((await run(["token", "list"])).output).toBe("");
  }, 30_000);

  test("opens and closes the HTTP API of the running server", async () => {
    const server = start([]);
    const url = (await server.prints(/http:\S+/))[0].replace(/\/http-bind.*/, "/api/outcomes");
    expect((await fetch(url)).status).toBe(404);
    const token = (await run(["token", "add", "board", "--scope", "read"])).output.trim();
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(url)).status).toBe(401);
    expect(await (await fetch(url, { headers })).json()).toEqual({ messages: [] });
    await run(["token", "add", "other", "--scope", "read"]);
    await run(["token", "remove", "board"]);
    expect((await fetch(url, { headers })).status).toBe(401);
    expect(server.errors).toBe("");
  });
});

describe("server explain and trace", () => {
  const stored = "outcome  stored\n";

  test("work beside a running server, and on its store alone", async () => {
    await run(["user", "add", "juliet", "one"]);
    const alone = await run(["explain"], {
      input: "<message to='juliet@localhost' type='chat'><body>a</body></message>",
    });
    expect(alone).toMatchObject({ code: 0, errors: "No server runs here: this holds while nobody is online\n" });
    expect(alone.output).toEndWith(stored);
    const server = start([]);
    const url = await webSocketUrl(server);
    const there = await run(["explain", "--to", "juliet@localhost", "--body", "a"]);
    expect(there).toMatchObject({ code: 0, errors: "" });
    expect(there.output).toEndWith(stored);
    const token = (await run(["token", "add", "shop", "--scope", "send"])).output.trim();
    const answer = await fetch(url.replace(/^ws(.*)\/xmpp-websocket$/, "http$1/api/messages"), {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": "k" },
      body: JSON.stringify({ to: "juliet@localhost", body: "a" }),
    });
    const { id } = (await answer.json()) as { id: string };
    expect((await run(["trace", id])).output).toContain("accepted");
    server.kill("SIGTERM");
    expect(await server.exitCode).toBe(0);
    expect(JSON.parse((await run(["trace", "--key", "k", "--json"])).output)).toMatchObject({ id, key: "k" });
    expect(await run(["trace", "x"])).toMatchObject({
      code: 1,
      errors: "Cannot trace message: there is no timeline of it\n",
    });
  }, 30_000);
});

describe.each(["bun", "deno"] as const)("server on %s", (runtime) => {
  test("serves accounts made beside it, stops in order, and finds them again", async () => {
    const server = start([], { runtime });
    const url = await webSocketUrl(server);
    expect(server.output).toStartWith("ampact 0.1.0 serves localhost\n");
    expect(server.output).toMatch(/Next: make an account with ".* user add NAME"/);
    expect(server.output).toContain(`a new database, made at ${join(realpathSync(folder), "data/ampact.db")}\n`);
    expect(await run(["user", "add", "juliet", "one"], { runtime })).toMatchObject({ code: 0 });
    expect(await run(["user", "add", "juliet", "one"], { runtime })).toMatchObject({
      code: 1,
      errors: "Cannot add juliet@localhost: the account exists\n",
    });
    const juliet = await login(url, "juliet", "one");
    const streamError = new Promise<Element>((resolve) => {
      juliet.on("nonza", (nonza: Element) => {
        if (nonza.getName() === "error") resolve(nonza);
      });
    });

    const told = performance.now();
    server.kill("SIGTERM");
    expect((await streamError).getChild("system-shutdown")).toBeDefined();
    expect(await server.exitCode).toBe(0);
    expect(performance.now() - told).toBeLessThan(STOP_MS);
    expect(server.errors).toBe("");
    await juliet.stop();

    const again = start([], { runtime });
    const later = await login(await webSocketUrl(again), "juliet", "one");
    await later.stop();
    expect(again.output).not.toContain("a new database");
    again.kill("SIGINT");
    expect(await again.exitCode).toBe(0);
  });

  test("listens on TCP with a certificate that it makes and keeps", async () => {
    const port = await freePort();
    const fingerprints: string[] = [];
    for (let round = 0; round < 2; round++) {
      const server = start([], { runtime, env: { AMPACT_C2S_TLS_PORT: String(port), AMPACT_DOMAINS: "chat.example" } });
      await server.prints(/Next:/);
      expect(server.output).toContain(`127.0.0.1:${port}`);
      fingerprints.push(await fingerprint(port));
      server.kill("SIGTERM");
      expect(await server.exitCode).toBe(0);
    }
    expect(fingerprints[1]).toBe(fingerprints[0]!);
  });
});

describe("server", () => {
  test("takes its settings from ampact.toml, and the environment goes before it", async () => {
    writeFileSync(join(folder, "ampact.toml"), 'domains = ["chat.example"]\ndata_dir = "from_file"\n');
    const server = start([], { env: { AMPACT_DATA_DIR: "from_environment" } });
    await server.prints(/Next:/);
    expect(server.output).toContain("serves chat.example\n");
    expect(server.output).toContain("sqlite:from_environment/ampact.db\n");
    expect(server.output).toContain("log in as NAME@chat.example");
  });

  test("ends the streams of an account that is removed beside it", async () => {
    const server = start([]);
    const url = await webSocketUrl(server);
    await run(["user", "add", "juliet", "one"]);
    const juliet = await login(url, "juliet", "one");
    const gone = new Promise((resolve) => juliet.once("disconnect", resolve));
    await run(["user", "remove", "juliet"]);
    await gone;
    await juliet.stop();
    expect(await fault(login(url, "juliet", "one"))).toContain("not-authorized");
  });

  test("ends at once at the second signal", async () => {
    const server = start([]);
    await server.prints(/Next:/);
    server.kill("SIGTERM");
    await server.prints(/Stopping: SIGTERM/);
    server.kill("SIGTERM");
    expect(await server.exitCode).toBe(1);
  });
});

function fingerprint(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, servername: "chat.example" }, () => {
      const { subjectaltname = "", fingerprint256 = "" } = socket.getPeerCertificate();
      socket.destroy();
      if (subjectaltname.includes("chat.example")) resolve(fingerprint256);
      else reject(new Error(`Cannot use certificate for ${subjectaltname}`));
    });
    socket.on("error", reject);
  });
}
