import { describe, expect, test } from "bun:test";
import { parseCommand } from "../../cli/command_line.ts";

describe("parseCommand()", () => {
  test.each([
    [["juliet", "x"], { name: "juliet", password: "x", keepSessions: false }],
    [["juliet", "x", "--keep-sessions"], { name: "juliet", password: "x", keepSessions: true }],
    [["--keep-sessions", "juliet"], { name: "juliet", password: undefined, keepSessions: true }],
  ])("reads user passwd %j", (args, expected) => {
    expect(parseCommand(["user", "passwd", ...args])).toEqual({
      kind: "user",
      request: { kind: "passwd", ...expected } as never,
    });
  });
});
