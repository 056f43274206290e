import { describe, expect, test } from "bun:test";
import { AccountBudget, type BudgetLimits } from "../../../actors/session/account_budget.ts";
import { FakeClock } from "../../transport/fake_services.ts";

const NO_BYTES = { bytesPerSecond: 0, byteBurst: 1, workPerSecond: 0 };
const NO_STANZAS = { stanzasPerSecond: 0, stanzaBurst: 1, workPerSecond: 0 };

/** A budget whose every stanza comes in a turn of its own, unless `turn` stays. */
function stage(limits: BudgetLimits, inOneTurn = false) {
  const clock = new FakeClock();
  let turn = 0;
  const budget = new AccountBudget({
    limits,
    now: () => clock.now,
    turn: () => (inOneTurn ? turn : turn++),
    schedule: clock.schedule,
  });
  const take = (count: number, units = 1) => Array.from({ length: count }, () => budget.take(units));
  /** A client that always has something to say. */
  const eager = (units = 1) => {
    const reader = {
      read: 0,
      goOn: () => {
        reader.read++;
        while (budget.take(units)) reader.read++;
        budget.wait(reader);
      },
    };
    return reader;
  };
  return { budget, clock, take, eager, nextTurn: () => void turn++ };
}

describe("AccountBudget", () => {
  test("lets a burst pass, and then what the rate gives", () => {
    const { take, clock } = stage({ stanzasPerSecond: 10, stanzaBurst: 20, ...NO_BYTES });
    expect(take(21)).toEqual([...Array(20).fill(true), false]);
    clock.advance(200);
    expect(take(2)).toEqual([true, false]);
    clock.advance(60_000);
    expect(take(21).filter(Boolean)).toHaveLength(20);
  });

  test("counts bytes apart from stanzas", () => {
    const { take, clock } = stage({ ...NO_STANZAS, bytesPerSecond: 1000, byteBurst: 5000 });
    expect(take(6, 1000)).toEqual([true, true, true, true, true, false]);
    clock.advance(1000);
    expect(take(1, 0)).toEqual([true]);
    expect(take(1, 20_000)).toEqual([false]);
    clock.advance(19_999);
    expect(take(1, 0)).toEqual([false]);
    clock.advance(1);
    expect(take(1, 0)).toEqual([true]);
  });

  test("rests after long answers, in proportion to them, but not for ever", () => {
    const { budget, clock, take } = stage({ ...NO_STANZAS, bytesPerSecond: 0, byteBurst: 1, workPerSecond: 20 });
    expect([budget.answered(30_000), take(1)]).toEqual([true, [true]]);
    for (let count = 0; count < 3; count++) expect(budget.answered(320_000)).toBe(false);
    clock.advance(29);
    expect(take(1)).toEqual([false]);
    clock.advance(1);
    expect(take(1)).toEqual([true]);
    for (let count = 0; count < 1000; count++) budget.answered(320_000);
    clock.advance(1000);
    expect(take(1)).toEqual([true]);
  });

  test("does not rest where work has no limit", () => {
    const { budget, take } = stage({ ...NO_STANZAS, bytesPerSecond: 0, byteBurst: 1 });
    expect([budget.answered(1_000_000), take(1)]).toEqual([true, [true]]);
  });

  test("gives nothing for a clock that went back", () => {
    const { take, clock } = stage({ stanzasPerSecond: 10, stanzaBurst: 10, ...NO_BYTES });
    take(10);
    clock.now -= 5000;
    expect(take(1)).toEqual([false]);
  });

  test("all sessions together are read at the rate, each in its turn", () => {
    const { budget, clock, eager } = stage({ stanzasPerSecond: 100, stanzaBurst: 100, ...NO_BYTES });
    const readers = Array.from({ length: 20 }, () => eager());
    for (const reader of readers) budget.wait(reader);
    clock.advance(10_000);
    const read = readers.map((reader) => reader.read);
    const sum = read.reduce((total, one) => total + one, 0);
    expect(sum).toBeGreaterThanOrEqual(1090);
    expect(sum).toBeLessThanOrEqual(1110);
    for (const one of read.slice(1)) expect(one).toBeGreaterThan(40);
  });

  test("plans nothing while nobody waits, and one timer for all who do", () => {
    const { budget, clock, take, eager } = stage({ stanzasPerSecond: 10, stanzaBurst: 10, ...NO_BYTES });
    take(30);
    expect(clock.waiting).toBe(0);
    const gone = eager();
    budget.wait(gone);
    budget.wait(eager());
    expect(clock.waiting).toBe(1);
    budget.forget(gone);
    clock.advance(10_000);
    expect(gone.read).toBe(0);
  });

  test("leaves others the processor after long work", () => {
    const { budget, clock, take } = stage({ ...NO_STANZAS, ...NO_BYTES, workPerSecond: 20 });
    take(1);
    clock.now += 10;
    expect([budget.handled(), budget.isOpen]).toEqual([false, false]);
    clock.advance(69);
    expect(take(1)).toEqual([false]);
    clock.advance(1);
    expect(take(1)).toEqual([true]);
  });

  test("counts the time that long work took, and no short one", () => {
    const { budget, clock, take } = stage({ ...NO_STANZAS, ...NO_BYTES, workPerSecond: 20 });
    const works = (ms: number) => {
      take(1);
      clock.now += ms;
      return budget.handled();
    };
    for (let count = 0; count < 1000; count++) expect(works(4)).toBe(true);
    expect(works(299)).toBe(false);
    clock.advance(1000);
    expect(take(1)).toEqual([true]);
    expect([works(401), budget.isOpen]).toEqual([false, false]);
    clock.advance(9_300);
    take(1);
    expect(budget.isOpen).toBe(false);
    clock.advance(10_000);
    expect(take(1)).toEqual([true]);
  });

  test("one turn of the event loop handles 32 stanzas, or 64 KB, or 10 ms of an account", () => {
    const generous = { stanzasPerSecond: 1e6, stanzaBurst: 1e6, bytesPerSecond: 1e9, byteBurst: 1e9, workPerSecond: 0 };
    expect(stage(generous, true).take(33).filter(Boolean)).toHaveLength(31);
    expect(stage(generous, true).take(3, 40_000)).toEqual([true, false, false]);
    const { take, clock, nextTurn } = stage(generous, true);
    expect(take(1)).toEqual([true]);
    clock.now += 10;
    expect(take(1)).toEqual([false]);
    nextTurn();
    expect(take(1)).toEqual([true]);
  });
});
