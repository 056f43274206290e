import { expect, test } from "bun:test";
import { checkTimelines } from "../../chaos/check_timelines.ts";
import type { HistoryEvent } from "../../chaos/history.ts";
import type { ViolationKind } from "../../chaos/violation.ts";
import { accepted, bound, DIRECT, received, report, sent, tell } from "./tell.ts";

const RULED = [bound("r", "romeo"), bound("j", "juliet"), sent("m", [DIRECT])] as const;
const ACCEPTED = tell(...RULED, accepted("m"));
const RECEIVED = tell(...RULED, accepted("m"), received("m"), report("m", "notify", "deliver=direct"));

/** Steps by name; `=` before the outcome that settles. */
function timeline(text: string) {
  const steps = text.split(" ").map((word, at) => {
    const [kind, settles] = word.split("=");
    return { cursor: at + 1, timeline: "t", at: 0, kind: kind!, detail: undefined, settles };
  });
  const settled = steps.find((step) => step.settles !== undefined)?.settles;
  return { id: "t", stanza: "m", from: "romeo@localhost/r", to: "juliet@localhost", at: 0, settled, steps };
}

const ROWS: readonly (readonly [
  what: string,
  history: readonly HistoryEvent[],
  steps: string | undefined,
  waits: boolean,
  found: readonly ViolationKind[],
])[] = [
  ["the way of a message", RECEIVED, "offered proved accepted settled=direct", false, []],
  ["no timeline", ACCEPTED, undefined, false, ["untracked"]],
  ["no timeline, and never accepted", tell(...RULED), undefined, false, []],
  ["no rules, no timeline", tell(...RULED.slice(0, 2), sent("m"), accepted("m")), undefined, false, []],
  ["no end, and it waits", ACCEPTED, "accepted stored", true, []],
  ["no end, and it waits nowhere", ACCEPTED, "accepted stored", false, ["unsettled"]],
  ["two ends", ACCEPTED, "accepted settled=none settled=dropped", false, ["settled-twice"]],
  ["a step behind the end", ACCEPTED, "settled=none accepted", false, ["settled-twice"]],
  ["direct, and nobody has it", ACCEPTED, "accepted settled=direct", false, ["false-step"]],
  ["direct reported, and nobody proved it", RECEIVED, "offered accepted settled=stored", false, ["false-step"]],
];

test.each(ROWS)("timelines: %s", (_, history, steps, waits, found) => {
  const timelines = steps === undefined ? [] : [timeline(steps)];
  const violations = checkTimelines(history, { timelines, waiting: new Set(waits ? ["t"] : []) });
  expect(violations.map(({ kind }) => kind)).toEqual([...found]);
});
