import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { packQuestion, unpackQuestion } from "../../../store/sqlite/wire.ts";
import type { NewMessage, StoreCall } from "../../../store/store.ts";
import { JULIET, ROMEO } from "../../../testing/store/harness.ts";

const message: fc.Arbitrary<NewMessage> = fc.record({
  owner: fc.constantFrom(ROMEO, JULIET),
  seq: fc.maxSafeNat(),
  text: fc.string({ unit: "binary" }),
  peer: fc.option(fc.string(), { nil: undefined }),
  waiting: fc.option(
    fc.record({
      rules: fc.option(fc.string(), { nil: undefined }),
      deadline: fc.constantFrom(undefined, 5000),
    }),
    { nil: undefined },
  ),
});

const call: fc.Arbitrary<StoreCall> = fc.oneof(
  fc.array(message).map((messages): StoreCall => ["append", messages]),
  fc.constantFrom<StoreCall>(
    ["settle", [{ owner: ROMEO, seq: 1 }]],
    ["setRules", ROMEO, 1, undefined, 5000],
    ["accounts", "", 10],
  ),
);

test("a batch arrives as it was packed, also as the thread's messages clone it", () => {
  fc.assert(
    fc.property(fc.array(call), (batch) => {
      expect(unpackQuestion(structuredClone(packQuestion(batch)))).toEqual(batch);
    }),
  );
});

test("a message that writes its text when it is asked arrives with it, and with nothing else of its own", () => {
  class Late implements NewMessage {
    readonly seq = 1;
    readonly owner = ROMEO;
    readonly peer = JULIET;
    readonly other = "not for the store";
    get text(): string {
      return "<m/>";
    }
  }
  expect(unpackQuestion(packQuestion([["append", [new Late()]]]))).toEqual([
    ["append", [{ owner: ROMEO, seq: 1, text: "<m/>", peer: JULIET }]],
  ]);
});

test.each(["open", "close"] as const)("so does the word %p", (word) => {
  expect(unpackQuestion(packQuestion(word))).toBe(word);
});
