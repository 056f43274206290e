import { expect, test } from "bun:test";
import { FileHold } from "../../server/file_hold.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** A hold whose timers run when they are told to. */
function stage(path: string | undefined = "/data/a.db") {
  const held: boolean[] = [];
  const timers = new Set<() => void>();
  let ids = 0;
  const hold = new FileHold({
    log: SILENT,
    path,
    newId: () => `id${++ids}`,
    schedule: (_, task) => {
      timers.add(task);
      return () => timers.delete(task);
    },
    hold: async (isHeld) => {
      const before = held.at(-1) ?? false;
      held.push(isHeld);
      return before;
    },
  });
  return { hold, held, timers };
}

test("a file is held from begin to end, for one at a time", async () => {
  const { hold, held, timers } = stage();
  expect(await hold.begin()).toEqual({ id: "id1", path: "/data/a.db" });
  expect(await hold.begin().catch(String)).toContain("another backup is being made");
  expect([hold.keep("id1"), hold.keep("other"), await hold.end("other")]).toEqual([true, false, false]);
  expect([held, timers.size]).toEqual([[true], 1]);
  expect([await hold.end("id1"), await hold.end("id1")]).toEqual([true, false]);
  expect([held, timers.size]).toEqual([[true, false], 0]);
});

test("a file that is not kept is let go, and its copy is not right", async () => {
  const { hold, held, timers } = stage();
  const { id } = await hold.begin();
  for (const task of [...timers]) task();
  expect(held).toEqual([true, false]);
  expect([hold.keep(id), await hold.end(id)]).toEqual([false, false]);
  expect((await hold.begin()).id).toBe("id2");
  await hold.stop();
  expect([held.at(-1), timers.size]).toEqual([false, 0]);
});

test("a store in no file cannot be held", async () => {
  const hold = new FileHold({
    log: SILENT,
    path: undefined,
    hold: undefined,
    newId: () => "",
    schedule: () => () => {},
  });
  expect(await hold.begin().catch(String)).toContain("it is in no file of this server");
});
