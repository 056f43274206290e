import { describe, expect, test } from "bun:test";
import { Congestion } from "../../actors/congestion.ts";

function stage() {
  const tasks: (() => void)[] = [];
  const read: string[] = [];
  const congestion = new Congestion((task) => tasks.push(task));
  const reader = (name: string, then = () => {}) => ({
    goOn: () => {
      read.push(name);
      then();
    },
  });
  const later = () => {
    for (const task of tasks.splice(0)) task();
  };
  return { congestion, reader, read, later };
}

describe("Congestion", () => {
  test.each([
    ["calls", [4095, 0], [4096, 0], [2049, 0], [2048, 0]],
    ["units", [1, 16_777_215], [1, 16_777_216], [1, 8_388_609], [1, 8_388_608]],
  ] as const)("begins at its bound, and lasts until half of it: %s", (_, below, at, above, half) => {
    const { congestion } = stage();
    const isHigh = [below, at, above, half, above].map(([calls, units]) => {
      congestion.set(calls, units);
      return congestion.isHigh;
    });
    expect(isHigh).toEqual([false, true, true, false, false]);
  });

  test("readers go on in their order, outside of the turn, until it is high again", () => {
    const { congestion, reader, read, later } = stage();
    congestion.set(5000, 0);
    const gone = reader("gone");
    congestion.wait(reader("first"));
    congestion.wait(gone);
    congestion.wait(reader("second", () => congestion.set(5000, 0)));
    congestion.wait(reader("third"));
    congestion.forget(gone);
    later();
    expect(read).toEqual([]);
    congestion.set(0, 0);
    expect(read).toEqual([]);
    later();
    expect(read).toEqual(["first", "second"]);
    congestion.set(0, 0);
    later();
    expect(read).toEqual(["first", "second", "third"]);
  });
});
