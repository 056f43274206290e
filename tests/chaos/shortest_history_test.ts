import { expect, test } from "bun:test";
import { concerning, showHistory } from "../../chaos/shortest_history.ts";
import { accepted, bound, cut, ended, killed, received, sent, tell } from "./tell.ts";

const HISTORY = tell(
  bound("romeo/d0#1", "romeo"),
  bound("tybalt/d0#2", "tybalt"),
  sent("other", [], "romeo/d0#1"),
  5000,
  bound("juliet/d0#3", "juliet"),
  sent("m", [], "romeo/d0#1"),
  accepted("m"),
  cut("tybalt/d0#2"),
  cut("juliet/d0#3"),
  killed(),
  received("m", "juliet/d0#3"),
  9000,
  ended("juliet/d0#3"),
);

test("concerning() keeps the message, its sessions and what befell them meanwhile", () => {
  const kept = concerning(HISTORY, { kind: "lost", messages: ["m"], text: "" });
  expect(kept.map((event) => [event.kind, "session" in event ? event.session : undefined])).toEqual([
    ["bound", "romeo/d0#1"],
    ["bound", "juliet/d0#3"],
    ["sent", "romeo/d0#1"],
    ["accepted", undefined],
    ["cut", "juliet/d0#3"],
    ["killed", undefined],
    ["received", "juliet/d0#3"],
  ]);
});

test("showHistory() gives one line for each event, up to a limit", () => {
  const lines = showHistory(HISTORY, 2);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toContain("bound");
  expect(lines[2]).toBe(`... and ${HISTORY.length - 2} more`);
});
