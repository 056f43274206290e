import { expect, test } from "bun:test";
import { subjectsOf } from "../../store/operations.ts";
import type { StoreCall } from "../../store/store.ts";

const CALLS: readonly (readonly [call: StoreCall, subjects: readonly string[]])[] = [
  [["credentials", "romeo@x"], ["romeo@x"]],
  [["setRules", "romeo@x", 1, undefined, undefined], ["romeo@x"]],
  [["archive", { owner: "romeo@x", take: "first", limit: 1 }], ["romeo@x"]],
  [
    [
      "append",
      [
        { owner: "juliet@x", seq: 1, text: "", peer: "romeo@x" },
        { owner: "romeo@x", seq: 1, text: "", waiting: {} },
      ],
    ],
    ["juliet@x", "romeo@x"],
  ],
  [["pend", [{ owner: "juliet@x", seq: 1, waiting: {} }]], ["juliet@x"]],
  [
    [
      "settle",
      [
        { owner: "romeo@x", seq: 1 },
        { owner: "nurse@x", seq: 2 },
      ],
    ],
    ["romeo@x", "nurse@x"],
  ],
  [["putStreams", [{ id: "s", account: "romeo@x", h: 1, at: 0 }]], ["s"]],
  [["stream", "s"], ["s"]],
  [["putToken", { name: "n", hash: "h", scopes: ["read"], at: 1 }], []],
  [["tokens"], []],
  [["putArrivals", { domain: "d", ids: ["i"], at: 1 }, 9], []],
  [
    ["openTimeline", { id: "t", key: "k", from: "romeo@x", to: "juliet@x", at: 1 }],
    ["t", "k"],
  ],
  [["openTimeline", { id: "t", from: "romeo@x", to: "juliet@x", at: 1 }], ["t"]],
  [["noteSteps", [{ timeline: "t", at: 1, kind: "accepted" }]], ["t"]],
  [["timeline", "t"], ["t"]],
  [["timelineOfKey", "k"], ["k"]],
  [["timelines", { from: "romeo@x", limit: 1 }], []],
  [["stepsAfter", 1, 1], []],
  [["lastStep"], []],
  [["putFollower", "f", "{}"], ["f"]],
  [["nextDeadline"], []],
  [["due", 5, 1, { at: 1, seq: 1 }], []],
  [["pruneArchive", 1, 1], []],
];

test.each(CALLS)("subjectsOf() %j", (call, subjects) => {
  expect(subjectsOf(call)).toEqual(subjects);
});
