import { describe, expect, test } from "bun:test";
import { RowAging } from "../../actors/row_aging.ts";

function ticks(aging: RowAging, count: number, appended = 0, cancelled = 0): boolean[] {
  return Array.from({ length: count }, () => {
    for (let i = 0; i < appended; i++) aging.appended();
    for (let i = 0; i < cancelled; i++) aging.cancelled();
    aging.tick();
    return aging.pays;
  });
}

describe("letting rows age", () => {
  test.each([
    { appended: 1000, cancelled: 1000, pays: true },
    { appended: 1000, cancelled: 50, pays: true },
    { appended: 1000, cancelled: 49, pays: false },
    { appended: 1000, cancelled: 0, pays: false },
    { appended: 24, cancelled: 0, pays: true },
  ])("$appended rows a tick, of which $cancelled are cancelled: pays is $pays", ({ appended, cancelled, pays }) => {
    const aging = new RowAging();
    expect(ticks(aging, 3, appended, cancelled)).toEqual([true, true, true]);
    expect(ticks(aging, 1, appended, cancelled)).toEqual([pays]);
  });

  test("is tried again after a while, and stays where it pays by then", () => {
    const aging = new RowAging();
    ticks(aging, 4, 1000);
    expect(ticks(aging, 39, 1000)).not.toContain(true);
    expect(ticks(aging, 100, 1000, 900)).not.toContain(false);
  });

  test("is taken up again as soon as proof is seen to be quick", () => {
    const aging = new RowAging();
    ticks(aging, 4, 1000);
    expect(ticks(aging, 3, 1000, 49)).toEqual([false, false, false]);
    expect(ticks(aging, 1, 99, 99)).toEqual([false]);
    expect(ticks(aging, 1, 1000, 50)).toEqual([true]);
    expect(ticks(aging, 100, 1000, 900)).not.toContain(false);
  });
});
