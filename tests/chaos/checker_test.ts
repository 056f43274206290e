import { describe, expect, test } from "bun:test";
import { check } from "../../chaos/checker.ts";
import type { ChaosRule, HistoryEvent } from "../../chaos/history.ts";
import type { ViolationKind } from "../../chaos/violation.ts";
import {
  accepted,
  archived,
  bound,
  closing,
  copied,
  cut,
  DIRECT,
  ended,
  killed,
  received,
  report,
  resumed,
  STORED,
  sent,
  started,
  tell,
} from "./tell.ts";

const BOTH = [bound("r", "romeo"), bound("j", "juliet")] as const;
const DROP_STORED: ChaosRule = { condition: "deliver", value: "stored", action: "drop" };

/** A deadline so many milliseconds after the beginning of every history. */
function expiry(after: number, action: ChaosRule["action"]): ChaosRule {
  const value = new Date(Date.UTC(2026, 10, 22) + after).toISOString();
  return { condition: "expire-at", value, action };
}

type Row = readonly [name: string, history: readonly HistoryEvent[], kinds: readonly ViolationKind[]];

const LOSS: readonly Row[] = [
  ["an accepted message that nobody got", tell(...BOTH, sent("m"), accepted("m")), ["lost"]],
  ["a message that was never accepted", tell(...BOTH, sent("m")), []],
  ["a message that was received", tell(...BOTH, sent("m"), accepted("m"), received("m")), []],
  ["a message read in the archive", tell(...BOTH, sent("m"), accepted("m"), received("m", "j", "archive")), []],
  [
    "a message that lies in the archive unread",
    tell(...BOTH, sent("m"), accepted("m"), archived("m", "juliet")),
    ["lost"],
  ],
  ["an error", tell(...BOTH, sent("m"), accepted("m"), report("m", "error", "deliver=stored")), []],
  ["an ordinary error", tell(...BOTH, sent("m"), accepted("m"), report("m", "bounce", "service-unavailable")), []],
  ["a rule that drops", tell(...BOTH, sent("m", [DROP_STORED]), accepted("m")), []],
  ["a deadline that has passed", tell(...BOTH, sent("m", [expiry(500, "drop")]), 1000, accepted("m")), []],
  ["a deadline that has not passed", tell(...BOTH, sent("m", [expiry(5000, "drop")]), accepted("m")), ["lost"]],
  [
    "a deadline whose error never came",
    tell(...BOTH, sent("m", [expiry(500, "error")]), 1000, accepted("m")),
    ["lost"],
  ],
];

const NOTIFICATIONS: readonly Row[] = [
  ["direct after the receipt", tell(...BOTH, sent("m"), received("m"), report("m", "notify", "deliver=direct")), []],
  [
    "direct before the receipt",
    tell(...BOTH, sent("m"), report("m", "notify", "deliver=direct"), received("m")),
    ["false-direct"],
  ],
  [
    "direct where only the archive was read",
    tell(...BOTH, sent("m"), received("m", "j", "archive"), report("m", "notify", "deliver=direct")),
    ["false-direct"],
  ],
  ["stored, received later", tell(...BOTH, sent("m"), report("m", "notify", "deliver=stored"), received("m")), []],
  ["stored, then lost", tell(...BOTH, sent("m"), report("m", "notify", "deliver=stored")), ["false-stored"]],
  [
    "stored, then expired",
    tell(
      ...BOTH,
      sent("m", [STORED, expiry(500, "drop")]),
      report("m", "notify", "deliver=stored"),
      1000,
      accepted("m"),
    ),
    [],
  ],
  [
    "one rule, two events",
    tell(
      ...BOTH,
      sent("m"),
      received("m"),
      report("m", "notify", "deliver=direct", "one"),
      report("m", "notify", "deliver=direct", "two"),
    ),
    ["fired-twice", "duplicate"],
  ],
  [
    "the same event again, after a crash",
    tell(
      ...BOTH,
      bound("r2", "romeo"),
      sent("m"),
      received("m"),
      report("m", "notify", "deliver=direct", "one"),
      killed(),
      report("m", "notify", "deliver=direct", "one", "r2"),
    ),
    [],
  ],
  [
    "neither of two notifications",
    tell(...BOTH, sent("m", [DIRECT, STORED]), accepted("m"), received("m"), 5000, ended("j")),
    ["unreported"],
  ],
  [
    "neither of two notifications, but a crash",
    tell(...BOTH, sent("m", [DIRECT, STORED]), accepted("m"), received("m"), killed(), 5000, ended("j")),
    [],
  ],
];

const DEADLINE = expiry(1000, "alert");
const late = report("m", "alert", `expire-at=${DEADLINE.value}`);

const BOUNCES: readonly Row[] = [
  [
    "an error for what was received",
    tell(...BOTH, sent("m"), received("m"), 5000, report("m", "error", "deliver=stored")),
    ["bounced"],
  ],
  [
    "an error for what a device got just before it died",
    tell(...BOTH, sent("m"), received("m"), cut("j"), 5000, report("m", "error", "deliver=stored")),
    [],
  ],
  [
    "an error for what a resumption has proved",
    tell(...BOTH, sent("m"), received("m"), cut("j"), resumed("j"), cut("j"), report("m", "error", "deliver=stored")),
    ["bounced"],
  ],
  [
    "an alert while the connection was lost, a receipt that the resumption shows",
    tell(...BOTH, sent("m", [DEADLINE]), received("m"), cut("j"), 2000, late, resumed("j")),
    [],
  ],
  [
    "the same, and the sender comes for the alert after that",
    tell(...BOTH, sent("m", [DEADLINE]), received("m"), cut("j"), 2000, resumed("j"), late),
    [],
  ],
  [
    "the same, and the resumed session ends in order before that",
    tell(...BOTH, sent("m", [DEADLINE]), received("m"), cut("j"), 2000, resumed("j"), closing("j"), ended("j"), late),
    [],
  ],
  [
    "an alert for what went unproved with a client that logged out",
    tell(...BOTH, sent("m"), received("m"), closing("j"), report("m", "alert", "deliver=stored"), ended("j", false)),
    [],
  ],
  [
    "an alert after a resumption before the deadline",
    tell(...BOTH, sent("m", [DEADLINE]), received("m"), cut("j"), resumed("j"), 2000, late),
    ["bounced"],
  ],
  [
    "an alert while the receipt waits for its proof on a living connection",
    tell(...BOTH, sent("m", [DEADLINE]), received("m"), 2000, late, 5000, ended("j")),
    ["bounced"],
  ],
  [
    "an error for what the archive still holds",
    tell(...BOTH, sent("m"), report("m", "error", "deliver=stored"), archived("m", "juliet")),
    ["bounced"],
  ],
  [
    "an error for what the sender's own archive holds",
    tell(...BOTH, sent("m"), report("m", "error", "deliver=stored"), archived("m", "romeo")),
    [],
  ],
];

const TWICE = [...BOTH, bound("j2", "juliet"), sent("m"), received("m")] as const;

const CROSSED = [...BOTH, bound("j2", "juliet"), sent("m"), closing("j"), received("m"), 5000, ended("j")] as const;

const DYING = [...BOTH, bound("j2", "juliet"), sent("m"), killed(), received("m"), closing("j"), ended("j")] as const;

const DUPLICATES: readonly Row[] = [
  ["twice in one session", tell(...BOTH, sent("m"), received("m"), received("m")), ["duplicate"]],
  ["again after a cut", tell(...TWICE, cut("j"), received("m", "j2")), []],
  ["again long after a proof", tell(...TWICE, 5000, cut("j"), received("m", "j2")), ["duplicate"]],
  ["again after an acknowledged end", tell(...TWICE, ended("j"), received("m", "j2")), ["duplicate"]],
  ["again after closing in order", tell(...TWICE, closing("j"), ended("j"), received("m", "j2")), ["duplicate"]],
  ["again, had crossed the closing", tell(...CROSSED, received("m", "j2")), []],
  ["again after an end without proof", tell(...TWICE, ended("j", false), received("m", "j2")), []],
  ["again after a crash", tell(...TWICE, ended("j"), killed(), received("m", "j2")), []],
  ["again, was read when the server had just been killed", tell(...DYING, started(), received("m", "j2")), []],
  [
    "again, was read after the restart",
    tell(...DYING.slice(0, -4), killed(), started(), ...DYING.slice(-3), received("m", "j2")),
    ["duplicate"],
  ],
  ["on two devices", tell(...BOTH, bound("k", "juliet", "d1"), sent("m"), received("m"), received("m", "k")), []],
  ["under another id", tell(...TWICE, cut("j"), received("m", "j2", "live", "other")), ["stanza-id"]],
  ["without an id", tell(...BOTH, sent("m"), received("m", "j", "live", "")), ["stanza-id"]],
  [
    "under another id in the archive",
    tell(...BOTH, sent("m"), received("m"), archived("m", "juliet", "x")),
    ["stanza-id"],
  ],
];

const OTHERS: readonly Row[] = [
  ["a stranger who receives", tell(...BOTH, bound("t", "tybalt"), sent("m"), received("m", "t")), ["misdelivered"]],
  [
    "a stranger who is told",
    tell(...BOTH, sent("m"), received("m"), report("m", "notify", "deliver=direct", "id", "j")),
    ["misdelivered"],
  ],
  [
    "copies on both sides",
    tell(...BOTH, bound("k", "juliet", "d1"), sent("m"), received("m"), copied("m", "k"), copied("m", "r")),
    [],
  ],
  [
    "a stranger's copy",
    tell(...BOTH, bound("t", "tybalt"), sent("m"), received("m"), copied("m", "t")),
    ["misdelivered"],
  ],
  ["a copy in place of the message", tell(...BOTH, sent("m"), accepted("m"), copied("m")), ["lost"]],
  ["a stranger's archive", tell(...BOTH, sent("m"), received("m"), archived("m", "tybalt")), ["misdelivered"]],
  ["a message that nobody sent", tell(...BOTH, received("m")), ["misdelivered"]],
  ["a receipt past the deadline", tell(...BOTH, sent("m", [expiry(500, "drop")]), 4000, received("m")), ["late"]],
  [
    "a receipt past a deadline that an earlier rule may have closed",
    tell(...BOTH, sent("m", [STORED, expiry(500, "drop")]), 4000, received("m")),
    [],
  ],
  [
    "a receipt past a deadline that only notifies",
    tell(...BOTH, sent("m", [expiry(500, "notify")]), 4000, received("m")),
    [],
  ],
];

describe("check() finds", () => {
  test.each([...LOSS, ...NOTIFICATIONS, ...BOUNCES, ...DUPLICATES, ...OTHERS])("%s", (_, history, kinds) => {
    expect(check(history).map(({ kind }) => kind)).toEqual([...kinds]);
  });
});

const ORDER: readonly Row[] = [
  ["the order of sending", tell(...BOTH, sent("a"), sent("b"), received("a"), received("b")), []],
  ["the wrong order", tell(...BOTH, sent("a"), sent("b"), received("b"), received("a")), ["order"]],
  [
    "a repetition, which does not count",
    tell(
      ...BOTH,
      bound("j2", "juliet"),
      sent("a"),
      sent("b"),
      received("a"),
      received("b"),
      cut("j"),
      received("a", "j2"),
    ),
    [],
  ],
  [
    "what a cut of the device itself does not excuse",
    tell(...BOTH, bound("j2", "juliet"), sent("a"), cut("j"), sent("b"), received("b", "j2"), received("a", "j2")),
    ["order"],
  ],
  [
    "what had gone to another device that died",
    tell(...BOTH, bound("k", "juliet", "d1"), sent("a"), sent("b"), received("b"), cut("k"), received("a")),
    [],
  ],
  [
    "what had gone to another device when the server died",
    tell(...BOTH, bound("k", "juliet", "d1"), sent("a"), sent("b"), received("b"), killed(), received("a")),
    [],
  ],
  [
    "what had crossed another device's closing",
    tell(
      ...BOTH,
      bound("k", "juliet", "d1"),
      sent("a"),
      sent("b"),
      received("b"),
      closing("k"),
      received("a", "k"),
      ended("k"),
      received("a"),
    ),
    [],
  ],
  [
    "another device that lives",
    tell(...BOTH, bound("k", "juliet", "d1"), sent("a"), sent("b"), received("b"), received("a")),
    ["order"],
  ],
  [
    "another device that was long gone",
    tell(
      ...BOTH,
      bound("k", "juliet", "d1"),
      cut("k"),
      ended("k", false),
      9000,
      sent("a"),
      sent("b"),
      received("b"),
      received("a"),
    ),
    ["order"],
  ],
  [
    "what the device had read in its archive",
    tell(...BOTH, sent("a"), sent("b"), received("a", "j", "archive"), received("b"), received("a")),
    [],
  ],
  [
    "what another device has read in the archive",
    tell(
      ...BOTH,
      bound("k", "juliet", "d1"),
      sent("a"),
      sent("b"),
      received("a", "k", "archive"),
      received("b"),
      received("a"),
    ),
    ["order"],
  ],
  [
    "two senders, who have no order between them",
    tell(...BOTH, bound("r2", "romeo", "d1"), sent("a"), sent("b", [], "r2"), received("b"), received("a")),
    [],
  ],
];

describe("check() holds against the order of sending", () => {
  test.each(ORDER)("%s", (_, history, kinds) => {
    expect(check(history).map(({ kind }) => kind)).toEqual([...kinds]);
  });
});

test("a violation names the message and both sides", () => {
  const [violation] = check(tell(...BOTH, sent("m7"), accepted("m7")));
  expect(violation).toEqual({
    kind: "lost",
    messages: ["m7"],
    text: "m7 (romeo to juliet): accepted, and neither received nor reported",
  });
});
