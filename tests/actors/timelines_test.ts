import { expect, test } from "bun:test";
import { Timelines } from "../../actors/timelines.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";

test("changed() leaves no listener at a signal that outlives the commits", async () => {
  const timelines = new Timelines({
    tracking: "asked",
    log: SILENT_LOG,
    store: () => ({ tell: () => {} }),
    now: () => 0,
    newId: () => "id",
    atTurnEnd: () => {},
    tellOthers: () => {},
  });
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, given);
  };
  signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, given);
  };
  for (let commits = 0; commits < 100; commits++) {
    const changed = timelines.changed(signal);
    timelines.committed();
    await changed;
  }
  expect(listeners).toBe(0);
});
