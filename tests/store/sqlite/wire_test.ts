import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { packQuestion, unpackQuestion } from "../../../store/sqlite/wire.ts";
import type { NewMessage, PendingEntry, StoreCall } from "../../../store/store.ts";
import { JULIET, NURSE, ROMEO } from "../contract/harness.ts";

/** Some are shared by many messages, others are one message's own, and write themselves. */
const SHARED: readonly PendingEntry[] = [{ owner: JULIET }, { owner: NURSE }];
const entry: fc.Arbitrary<PendingEntry | undefined> = fc.oneof(
  fc.constantFrom(undefined, ...SHARED),
  fc.record({ owner: fc.constant(ROMEO), rules: fc.string(), deadline: fc.nat() }),
);

const message: fc.Arbitrary<NewMessage> = fc.record({
  seq: fc.maxSafeNat(),
  text: fc.string({ unit: "binary" }),
  archive: fc.array(fc.record({ owner: fc.string(), peer: fc.string() }), { maxLength: 2 }),
  pending: entry,
});

const call: fc.Arbitrary<StoreCall> = fc.oneof(
  fc.record({ messages: fc.array(message) }).map(({ messages }): StoreCall => ["append", messages]),
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

test.each(["open", "close"] as const)("so does the word %p", (word) => {
  expect(unpackQuestion(packQuestion(word))).toBe(word);
});
