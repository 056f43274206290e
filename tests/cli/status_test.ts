import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseCommand, UsageError } from "../../cli/command_line.ts";
import { helpText } from "../../cli/help.ts";
import { describeStatus } from "../../cli/status_command.ts";
import { Program } from "../scripts/program.ts";

const SCRIPT = resolve(import.meta.dir, "../../scripts/server.ts");
const ENV = { AMPACT_HTTP_PORT: "0", AMPACT_C2S_PORT: "0", AMPACT_C2S_TLS_PORT: "0", AMPACT_LOG_LEVEL: "warn" };
const LIMIT_MS = 60_000;

let folder = "";
let server: Program | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ampact-status-"));
});

afterEach(() => {
  server?.kill("SIGKILL");
  server = undefined;
  rmSync(folder, { recursive: true });
});

function start(args: readonly string[]): Program {
  return new Program(process.execPath, [SCRIPT, ...args], { cwd: folder, env: ENV });
}

async function run(...args: readonly string[]) {
  const program = start(args);
  return { code: await program.exitCode, output: program.output, errors: program.errors };
}

test.each([
  [["status", "all"], "Cannot run status: too many arguments"],
  [["pending", "a", "b"], "Cannot run pending: too many arguments"],
  [["backup"], "Cannot run backup: the name of the file is missing"],
  [["restore", "a", "b"], "Cannot run restore: too many arguments"],
])("%p is refused: %s", (args, line) => {
  expect(() => parseCommand(args)).toThrow(new UsageError(line));
});

describe("--help", () => {
  test.each(["user", "token", "s2s", "explain", "trace", "status", "pending", "sessions", "kick", "backup", "restore"])(
    "of %s shows that command alone",
    (name) => {
      expect(parseCommand([name, "--help"])).toEqual({ kind: "help", command: name });
      expect(parseCommand(["help", name])).toEqual({ kind: "help", command: name });
      const commands = helpText(name)
        .split("\n")
        .filter((line) => line.startsWith("  ") && line.includes(` ${name} `));
      expect(commands.length).toBeGreaterThan(0);
      expect(helpText(name).split("\n").length).toBeLessThan(20);
      expect(helpText(name)).not.toContain("AMPACT_HTTP_PORT");
    },
  );

  test("of an unknown command is refused", () => {
    expect(() => helpText("serve-me")).toThrow(UsageError);
  });
});

test("the status is told in lines", () => {
  const status = {
    version: "1.0.0",
    state: "the store cannot commit",
    since: Date.UTC(2026, 0, 1),
    at: Date.UTC(2026, 0, 1, 3, 2),
    sessions: { websocket: 2, bosh: 0, tcp: 1, detached: 0 },
    waiting: { messages: 3, since: Date.UTC(2026, 0, 1, 3), due: 1 },
    loopDelayMs: 5,
    residentBytes: 10_485_760,
    pid: 7,
    domains: ["a.example"],
  } as const;
  expect(describeStatus(status)).toEqual([
    "state       the store cannot commit",
    "server      ampact 1.0.0 for a.example, process 7",
    "started     2026-01-01T00:00:00.000Z, 3 h 2 min ago",
    "sessions    3 (websocket 2, bosh 0, tcp 1, detached 0)",
    "waiting     3 messages, the oldest for 2 min 0 s; 1 deadlines have passed and are not carried out",
    "event loop  late by at most 5 ms in 99 of 100 cases",
    "memory      10 MiB",
  ]);
});

test(
  "status and pending tell of the running server, and pending also of one that does not run",
  async () => {
    const none = await run("status");
    expect(none).toMatchObject({ code: 1, output: "" });
    expect(none.errors).toStartWith("Cannot tell status: no server runs with the folder ");

    server = start([]);
    const [, address] = await server.prints(/ws:\/\/([^/\s]+)/);
    await run("user", "add", "romeo", "secret");
    const token = (await run("token", "add", "shop", "--scope", "send")).output.trim();
    const send = async (message: object) => {
      const answer = await fetch(`http://${address}/api/messages`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ to: "romeo@localhost", ...message }),
      });
      return (await answer.json()) as { id: string; accepted: boolean };
    };
    const until = "2099-01-01T00:00:00.000Z";
    const kept = await send({ body: "for your eyes only" });
    const ends = await send({ body: "b", rules: [{ condition: "expire-at", value: until, action: "drop" }] });
    expect([kept.accepted, ends.accepted]).toEqual([true, true]);

    const status = await run("status", "--json");
    expect(status).toMatchObject({ code: 0, errors: "" });
    expect(JSON.parse(status.output)).toMatchObject({
      state: "ready",
      domains: ["localhost"],
      sessions: { websocket: 0, bosh: 0, tcp: 0, detached: 0 },
    });
    expect((await run("status")).output).toStartWith("state       ready\n");

    const expected = [
      { from: "localhost", id: kept.id, since: expect.any(String) },
      { from: "localhost", id: ends.id, since: expect.any(String), until },
    ];
    const beside = await run("pending", "romeo", "--json");
    expect(beside).toMatchObject({ code: 0, errors: "" });
    expect(JSON.parse(beside.output)).toMatchObject(expected);
    expect(beside.output).not.toContain("eyes");
    expect((await run("pending")).output).toBe("romeo@localhost 2\n2 messages wait for 1 addresses\n");
    expect((await run("pending", "romeo")).output).toContain(`trace ${kept.id}\n`);

    server.kill("SIGTERM");
    await server.exitCode;
    const alone = await run("pending", "romeo@localhost", "--json");
    expect(alone.errors).toContain("No server runs here: this is read from sqlite:");
    expect(JSON.parse(alone.output)).toMatchObject(expected);
  },
  LIMIT_MS,
);
