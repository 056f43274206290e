import { beforeEach, expect, test } from "bun:test";
import { call, JULIET, type MakeStore, ROMEO, startAnew, useStore } from "./harness.ts";

const AT = 1_700_000_000_000;

/** Counts of resumable streams (XEP-0198). */
export function streamContract(make: MakeStore): void {
  const store = useStore(make);
  beforeEach(() => startAnew(store()));

  test("putStreams() keeps the latest count of each stream", async () => {
    await call(store(), "putStreams", [
      { id: "a", account: ROMEO, h: 3, at: AT },
      { id: "b", account: JULIET, h: 4294967295, at: AT },
    ]);
    await call(store(), "putStreams", [{ id: "a", account: ROMEO, h: 7, at: AT + 5 }]);
    expect(await call(store(), "stream", "a")).toEqual({ id: "a", account: ROMEO, h: 7, at: AT + 5 });
    expect(await call(store(), "stream", "b")).toEqual({ id: "b", account: JULIET, h: 4294967295, at: AT });
    expect(await call(store(), "stream", "c")).toBeUndefined();
  });

  test("pruneStreams() removes those that are older, and says how many", async () => {
    await call(store(), "putStreams", [
      { id: "old", account: ROMEO, h: 1, at: 10 },
      { id: "new", account: ROMEO, h: 2, at: 11 },
    ]);
    expect(await call(store(), "pruneStreams", 11)).toBe(1);
    expect(await call(store(), "stream", "old")).toBeUndefined();
    expect(await call(store(), "stream", "new")).toBeDefined();
  });
}
