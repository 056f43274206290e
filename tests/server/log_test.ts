import { afterEach, describe, expect, test } from "bun:test";
import { reset } from "@logtape/logtape";
import { configureLog, serverLog } from "../../server/log.ts";

afterEach(() => reset());

/** The lines written by `act` at that level, without their times. */
async function written(level: Parameters<typeof configureLog>[0], act: () => void): Promise<string[]> {
  const lines: string[] = [];
  await configureLog(level, (line) => lines.push(line));
  act();
  return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, "").trimEnd());
}

function everyLevel(): void {
  const log = serverLog();
  log.debug("d");
  log.info("i");
  log.warn("w");
  log.error("e");
}

describe("configureLog()", () => {
  test.each([
    ["debug", ["DEBUG   d", "INFO    i", "WARNING w", "ERROR   e"]],
    ["info", ["INFO    i", "WARNING w", "ERROR   e"]],
    ["warn", ["WARNING w", "ERROR   e"]],
    ["error", ["ERROR   e"]],
    ["off", []],
  ] as const)("writes at level %s what is of that level or above", async (level, lines) => {
    expect(await written(level, everyLevel)).toEqual([...lines]);
  });

  test("shows the facts of a record on one line", async () => {
    const facts = { jid: "juliet@localhost", count: 3, list: ["a"], nothing: undefined, text: "two\nlines" };
    expect(await written("info", () => serverLog().info("session resumed", facts))).toEqual([
      'INFO    session resumed  jid="juliet@localhost" count=3 list=["a"] nothing=undefined text="two\\nlines"',
    ]);
  });

  test("shows an error with its stack", async () => {
    const [line] = await written("info", () => serverLog().error("actor failed", { error: new Error("broken") }));
    expect(line).toContain('error="');
    expect(line).toContain("broken");
    expect(line).toContain("log_test.ts");
  });
});

describe("serverLog()", () => {
  test("writes nothing while LogTape is not configured", () => {
    const written: unknown[] = [];
    const original = process.stderr.write;
    process.stderr.write = (chunk) => written.push(chunk) > 0;
    everyLevel();
    process.stderr.write = original;
    expect(written).toEqual([]);
  });
});
