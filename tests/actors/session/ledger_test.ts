import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Ledger } from "../../../actors/session/ledger.ts";

describe("Ledger", () => {
  test("tells only what is settled without a gap", () => {
    const ledger = new Ledger();
    const tickets = [ledger.next(), ledger.next(), ledger.next()];
    ledger.settle(tickets[2]!);
    ledger.settle(tickets[1]!);
    expect([ledger.received, ledger.settled]).toEqual([3, 0]);
    ledger.settle(tickets[0]!);
    expect([ledger.settled, ledger.h]).toEqual([3, 3]);
  });

  test("takes the same ticket twice as once", () => {
    const ledger = new Ledger();
    ledger.next();
    ledger.next();
    ledger.settle(1);
    ledger.settle(1);
    expect(ledger.settled).toBe(1);
  });

  test("settles all, in whatever order they come, and never counts past a gap", () => {
    const orders = fc.integer({ min: 1, max: 60 }).chain((count) =>
      fc.shuffledSubarray(
        Array.from({ length: count }, (_, at) => at + 1),
        { minLength: count },
      ),
    );
    fc.assert(
      fc.property(orders, (order) => {
        const ledger = new Ledger();
        for (let count = 0; count < order.length; count++) ledger.next();
        const done = new Set<number>();
        for (const ticket of order) {
          ledger.settle(ticket);
          done.add(ticket);
          let expected = 0;
          while (done.has(expected + 1)) expected++;
          expect(ledger.settled).toBe(expected);
        }
        expect(ledger.settled).toBe(order.length);
      }),
    );
  });
});
