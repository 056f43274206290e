import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { PackedMessages } from "../../../store/sqlite/packed_messages.ts";
import { packQuestion, unpackQuestion } from "../../../store/sqlite/wire.ts";
import type { NewMessage, PendingEntry, StoreCall } from "../../../store/store.ts";
import { JULIET, NURSE, ROMEO } from "../contract/harness.ts";

/** Some are shared by many messages, others are one message's own, and write themselves. */
const SHARED: readonly PendingEntry[] = [{ owner: JULIET }, { owner: NURSE }];
const entry: fc.Arbitrary<PendingEntry | undefined> = fc.oneof(
  fc.constantFrom(undefined, ...SHARED),
  fc.record({ owner: fc.constant(ROMEO), rules: fc.string(), deadline: fc.constantFrom(undefined, 5000) }),
);

const message: fc.Arbitrary<NewMessage> = fc.record({
  seq: fc.maxSafeNat(),
  text: fc.string({ unit: "binary" }),
  archive: fc.oneof(fc.constant([]), fc.array(fc.record({ owner: fc.string(), peer: fc.string() }), { maxLength: 2 })),
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

/** With its messages in a list. */
function listed(call: StoreCall): StoreCall {
  return call[0] === "append" ? ["append", [...call[1]]] : call;
}

test("a batch arrives as it was packed, also as the thread's messages clone it", () => {
  fc.assert(
    fc.property(fc.array(call), (batch) => {
      const arrived = unpackQuestion(structuredClone(packQuestion(batch))) as readonly StoreCall[];
      expect(arrived.map(listed)).toEqual([...batch]);
    }),
  );
});

test("messages tell of themselves as they came", () => {
  fc.assert(
    fc.property(fc.array(message), (messages) => {
      const [[, packed]] = unpackQuestion(packQuestion([["append", messages]])) as [["append", PackedMessages]];
      expect(packed.length).toBe(messages.length);
      expect(packed.texts).toBe(messages.map(({ text }) => text).join(""));
      expect(packed.units).toBe(packed.texts.length);
      expect(packed.firstSeq).toBe(messages[0]?.seq ?? 0);
      expect(packed.lastSeq).toBe(Math.max(0, ...messages.map(({ seq }) => seq)));
      const rows: unknown[] = [];
      packed.forEachRow((seq, units, pending) => rows.push([seq, units, pending]));
      expect(rows).toEqual(messages.map(({ seq, text, pending }) => [seq, text.length, pending]));
      const onlyWait = messages.every(
        ({ seq, archive, pending }, i) =>
          seq > (messages[i - 1]?.seq ?? 0) &&
          archive.length === 0 &&
          pending !== undefined &&
          pending.deadline === undefined,
      );
      expect(packed.onlyWait).toBe(onlyWait);
    }),
  );
});

test.each(["open", "close"] as const)("so does the word %p", (word) => {
  expect(unpackQuestion(packQuestion(word))).toBe(word);
});
