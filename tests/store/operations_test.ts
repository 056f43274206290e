import { expect, test } from "bun:test";
import { subjectsOf } from "../../store/operations.ts";
import type { StoreCall } from "../../store/store.ts";

const pending = { owner: "juliet@x" };
const archive = [
  { owner: "romeo@x", peer: "juliet@x" },
  { owner: "nurse@x", peer: "romeo@x" },
];

const CALLS: readonly (readonly [call: StoreCall, subjects: readonly string[]])[] = [
  [["credentials", "romeo@x"], ["romeo@x"]],
  [["setRules", "romeo@x", 1, undefined, undefined], ["romeo@x"]],
  [["archive", { owner: "romeo@x", take: "first", limit: 1 }], ["romeo@x"]],
  [
    ["append", [{ seq: 1, text: "", archive, pending }]],
    ["juliet@x", "romeo@x", "nurse@x"],
  ],
  [["pend", [{ seq: 1, pending }]], ["juliet@x"]],
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
  [["nextDeadline"], []],
  [["due", 5, 1, { at: 1, seq: 1 }], []],
  [["pruneArchive", 1, 1], []],
];

test.each(CALLS)("subjectsOf() %j", (call, subjects) => {
  expect(subjectsOf(call)).toEqual(subjects);
});
