import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { warmUp } from "../../../../scripts/server/warm_up/warm_up.ts";
import type { Log } from "../../../../xmpp/log.ts";
import { Program } from "../../program.ts";

interface LogRecord {
  readonly level: string;
  readonly what: string;
  readonly facts: Record<string, unknown> | undefined;
}

function recordingLog(): Log & { readonly records: LogRecord[] } {
  const records: LogRecord[] = [];
  const write = (level: string) => (what: string, facts?: Record<string, unknown>) => {
    records.push({ level, what, facts });
  };
  return { records, debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

const PATIENCE_MS = 5000;
const WARM_UP = resolve(import.meta.dir, "../../../../scripts/server/warm_up/warm_up.ts");

/** A process that warms up, and so ends by itself unless a timer, a thread or a socket is left. */
function warmUpAlone(options: string): Program {
  const source = `
    import { warmUp } from ${JSON.stringify(WARM_UP)};
    const note = (what) => console.log(what);
    await warmUp({ debug: note, info: note, warn: note, error: note }, ${options});`;
  return new Program(process.execPath, ["-e", source], { cwd: import.meta.dir });
}

describe("warmUp()", () => {
  test("talks with itself, and tells what it did", async () => {
    const log = recordingLog();
    await warmUp(log, { limitMs: 10_000 });
    expect(log.records).toEqual([
      { level: "info", what: "warmed up", facts: { ms: expect.any(Number), logins: 51, messages: 5820 } },
    ]);
  });

  test("begins nothing once its time is over", async () => {
    const log = recordingLog();
    await warmUp(log, { limitMs: 0 });
    expect(log.records).toEqual([
      { level: "info", what: "warmed up", facts: { ms: expect.any(Number), logins: 0, messages: 0 } },
    ]);
  });

  test("logs what fails, and does not reject", async () => {
    const log = recordingLog();
    let asked = 0;
    const now = () => {
      if (++asked > 20) throw new Error("Cannot tell the time");
      return 0;
    };
    await warmUp(log, { now });
    expect(log.records).toEqual([
      { level: "warn", what: "warm-up failed", facts: { error: new Error("Cannot tell the time") } },
    ]);
  });

  test.each([
    ["when it is through", "{ limitMs: 10_000 }", "warmed up\n"],
    ["when its time is over", "{ limitMs: 150 }", "warmed up\n"],
    [
      "when it fails",
      "{ now: () => (globalThis.asked = (globalThis.asked ?? 0) + 1) > 20 ? fail() : 0 }",
      "warm-up failed\n",
    ],
  ])("leaves nothing behind %s", async (_, options, output) => {
    const program = warmUpAlone(options);
    const ended = await Promise.race([program.exitCode, Bun.sleep(PATIENCE_MS).then(() => "still running")]);
    program.kill("SIGKILL");
    expect({ ended, output: program.output }).toEqual({ ended: 0, output });
  });
});
