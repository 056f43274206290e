import { afterEach, describe, expect, test } from "bun:test";
import { type LogRecord, reset } from "@logtape/logtape";
import { configureLog, formatRecord, recordFormat, serverLog } from "../../server/log.ts";

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

describe("recordFormat()", () => {
  const record = {
    category: ["ampact"],
    level: "warning",
    timestamp: Date.UTC(2026, 0, 1),
    message: ["session ends"],
    rawMessage: "session ends",
    properties: {
      what: "session ends",
      jid: "a@b",
      level: "mine",
      error: new Error("broken"),
      list: [1],
      nothing: null,
    },
  } as const satisfies LogRecord;
  const text = formatRecord(record);

  test.each([
    ["auto", true, undefined, `\x1b[33m${text.trimEnd()}\x1b[0m\n`],
    ["auto", true, "1", text],
    ["text", true, "", `\x1b[33m${text.trimEnd()}\x1b[0m\n`],
    ["text", false, undefined, text],
  ] as const)("%s, at a terminal: %p, NO_COLOR %p", (format, isTTY, NO_COLOR, line) => {
    expect(recordFormat(format, { isTTY }, { NO_COLOR })(record)).toBe(line);
  });

  test.each([
    ["auto", false],
    ["json", true],
    ["json", false],
  ] as const)("%s, at a terminal: %p, is a line of JSON", (format, isTTY) => {
    const line = recordFormat(format, { isTTY }, {})(record);
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({
      time: "2026-01-01T00:00:00.000Z",
      level: "warning",
      what: "session ends",
      jid: "a@b",
      error: expect.stringContaining("broken"),
      list: [1],
      nothing: null,
    });
  });
});
