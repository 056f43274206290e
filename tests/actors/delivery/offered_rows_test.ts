import { expect, test } from "bun:test";
import fc from "fast-check";
import { OfferedRows } from "../../../actors/delivery/offered_rows.ts";
import type { SessionRef } from "../../../actors/protocol.ts";

const SESSIONS = ["orchard", "balcony", "chamber"].map((name) => ({ name }) as unknown as SessionRef);
const session = fc.constantFrom(...SESSIONS);
const step = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), seq: fc.nat(30), session }),
  fc.record({ kind: fc.constant("delete" as const), seq: fc.nat(30) }),
  fc.record({ kind: fc.constant("take" as const), session }),
);

test("OfferedRows knows of each row which session has it, in whatever order they come and go", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const rows = new OfferedRows();
      const model = new Map<number, SessionRef>();
      for (const each of steps) {
        if (each.kind === "add" && !model.has(each.seq)) {
          rows.add(each.seq, each.session);
          model.set(each.seq, each.session);
        } else if (each.kind === "delete") {
          expect(rows.delete(each.seq)).toBe(model.delete(each.seq));
        } else if (each.kind === "take") {
          const taken = [...model].filter(([, taker]) => taker === each.session).map(([seq]) => seq);
          for (const seq of taken) model.delete(seq);
          expect(rows.take(each.session)).toEqual(taken.sort((a, b) => a - b));
        }
        expect(rows.size).toBe(model.size);
        for (let seq = 0; seq <= 30; seq++) expect(rows.takerOf(seq)).toBe(model.get(seq));
      }
    }),
  );
});
