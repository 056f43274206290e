import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { client, xml } from "@xmpp/client";
import { parseCommand, UsageError } from "../../cli/command_line.ts";
import { Program } from "../scripts/program.ts";

const SCRIPT = resolve(import.meta.dir, "../../scripts/server.ts");
const ENV = { AMPACT_HTTP_PORT: "0", AMPACT_C2S_PORT: "0", AMPACT_C2S_TLS_PORT: "0", AMPACT_LOG_LEVEL: "warn" };
const LIMIT_MS = 60_000;

let folder = "";
let server: Program | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ampact-sessions-"));
});

afterEach(() => {
  server?.kill("SIGKILL");
  server = undefined;
  rmSync(folder, { recursive: true });
});

async function run(...args: readonly string[]) {
  const program = new Program(process.execPath, [SCRIPT, ...args], { cwd: folder, env: ENV });
  return { code: await program.exitCode, output: program.output, errors: program.errors };
}

/** A client that is online, and the stream error that ends it. */
async function online(service: string, resource: string): Promise<{ ended: Promise<string>; resource: string }> {
  const xmpp = client({ service, domain: "localhost", resource, username: "romeo", password: "secret" });
  xmpp.reconnect.stop();
  const ended = new Promise<string>((tell) => xmpp.on("error", ({ message }: Error) => tell(message)));
  await xmpp.start();
  await xmpp.send(xml("presence", {}, xml("priority", {}, "5")));
  // Answered after the presence was handled.
  await xmpp.iqCaller.get(xml("ping", { xmlns: "urn:xmpp:ping" }));
  // The server adds to what the client asks for.
  return { ended, resource: String(xmpp.jid).split("/").slice(1).join("/") };
}

test.each([
  [["sessions", "romeo"], "Cannot run sessions: expected nothing, or --account NAME"],
  [["sessions", "--account"], "Cannot run sessions: expected nothing, or --account NAME"],
  [["sessions", "--account", "a", "b"], "Cannot run sessions: too many arguments"],
  [["kick"], "Cannot run kick: the address is missing"],
  [["kick", "a", "b"], "Cannot run kick: too many arguments"],
])("%p is refused: %s", (args, line) => {
  expect(() => parseCommand(args)).toThrow(new UsageError(line));
});

test(
  "sessions tells who is there, and kick ends one session or all of an account",
  async () => {
    expect((await run("sessions")).errors).toStartWith("Cannot run sessions: no server runs with the folder ");
    server = new Program(process.execPath, [SCRIPT], { cwd: folder, env: ENV });
    const [service] = await server.prints(/ws:\/\/\S+/);
    await run("user", "add", "romeo", "secret");
    expect(await run("sessions")).toEqual({ code: 0, output: "0 sessions\n", errors: "" });
    const phone = await online(service, "phone");
    const tablet = await online(service, "tablet");

    const told = JSON.parse((await run("sessions", "--account", "romeo", "--json")).output);
    const one = { account: "romeo@localhost", transport: "websocket", available: true, priority: 5 };
    expect(told).toEqual([
      { ...one, resource: phone.resource, address: expect.stringContaining("127.0.0.1") },
      { ...one, resource: tablet.resource, address: expect.stringContaining("127.0.0.1") },
    ]);
    expect((await run("sessions", "--account", "juliet")).output).toBe("0 sessions\n");

    const kicked = await run("kick", `romeo/${phone.resource}`);
    expect(kicked).toMatchObject({ code: 0, errors: "" });
    expect(kicked.output).toStartWith(`Ended romeo@localhost/${phone.resource}  websocket, priority 5`);
    expect(await phone.ended).toContain("policy-violation");
    expect((await run("sessions")).output).toStartWith(`romeo@localhost/${tablet.resource} `);
    const again = await online(service, "phone");
    expect((await run("kick", "romeo@localhost")).output.split("\n")).toHaveLength(3);
    expect(await again.ended).toContain("policy-violation");
    expect(await tablet.ended).toContain("policy-violation");
    expect(await run("kick", "romeo")).toEqual({
      code: 1,
      output: "",
      errors: "Cannot kick romeo@localhost: it has no session here\n",
    });
  },
  LIMIT_MS,
);
