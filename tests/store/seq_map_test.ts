import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { SeqMap } from "../../store/seq_map.ts";

type Step =
  | { readonly kind: "next"; readonly by: number }
  | { readonly kind: "set" | "delete"; readonly seq: number }
  | { readonly kind: "oldest" | "again" | "all" }
  | { readonly kind: "until"; readonly back: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("next" as const), by: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("set" as const, "delete" as const), seq: fc.nat(120) }) },
    { weight: 3, arbitrary: fc.constant({ kind: "oldest" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "again" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "all" as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("until" as const), back: fc.nat(40) }) },
  ),
  { maxLength: 300 },
);

test("SeqMap is a map whose entries stand in the order of their numbers", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const map = new SeqMap<{ readonly seq: number }>();
      const model = new Map<number, { readonly seq: number }>();
      let last = 0;
      const put = (seq: number) => {
        const item = { seq };
        map.set(seq, item);
        model.set(seq, item);
        expect(map.get(seq)).toBe(item);
      };
      const remove = (seq: number) => {
        expect(map.delete(seq)).toBe(model.delete(seq));
        expect(map.has(seq)).toBe(false);
      };
      for (const step of all) {
        if (step.kind === "next") {
          last += step.by;
          put(last);
        } else if (step.kind === "set") put(step.seq);
        else if (step.kind === "delete") remove(step.seq);
        else if (step.kind === "all") for (const seq of [...model.keys()]) remove(seq);
        else if (step.kind === "until") {
          const gone = [...model.values()].filter(({ seq }) => seq <= last - step.back);
          expect(map.takeUntil(last - step.back)).toEqual(gone.sort((one, other) => one.seq - other.seq));
          for (const { seq } of gone) model.delete(seq);
        } else if (model.size > 0) {
          const oldest = Math.min(...model.keys());
          remove(oldest);
          if (step.kind === "again") put(oldest);
        }
        const order = [...model.keys()].sort((one, other) => one - other);
        expect(map.size).toBe(model.size);
        expect(map.firstSeq).toBe(order[0] ?? Number.POSITIVE_INFINITY);
        expect(map.lastSeq).toBeGreaterThanOrEqual(order.at(-1) ?? 0);
        expect(map.keys()).toEqual(order);
        expect(map.values()).toEqual(order.map((seq) => model.get(seq)!));
        expect(order.filter((seq) => map.get(seq) !== model.get(seq))).toEqual([]);
        for (let seq = 0; seq < 130; seq += 13) {
          expect(map.get(seq)).toBe(model.get(seq)!);
          expect(map.has(seq)).toBe(model.has(seq));
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("SeqMap keeps its entries in order while they pass through it by the thousand", () => {
  const map = new SeqMap<{ readonly seq: number }>();
  for (let seq = 0; seq < 10_000; seq++) {
    map.set(seq, { seq });
    if (seq >= 100) expect(map.delete(seq - 100)).toBe(true);
  }
  expect(map.keys()).toEqual(Array.from({ length: 100 }, (_, at) => 9900 + at));
  expect(map.get(9950)).toEqual({ seq: 9950 });
  expect(map.get(9899)).toBeUndefined();
});
