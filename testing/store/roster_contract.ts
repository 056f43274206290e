import { beforeEach, expect, test } from "bun:test";
import { call, JULIET, type MakeStore, NURSE, ROMEO, rosterItem, startAnew, useStore } from "./harness.ts";

export function rosterContract(make: MakeStore): void {
  const store = useStore(make);
  beforeEach(() => startAnew(store()));

  test("putRosterItem() adds and replaces, and sets the version", async () => {
    await call(store(), "putRosterItem", ROMEO, rosterItem(JULIET), 1);
    const changed = { ...rosterItem(JULIET), name: "My <love>", groups: ["a", "b"], ask: false, approved: true };
    await call(store(), "putRosterItem", ROMEO, changed, 2);
    await call(store(), "putRosterItem", ROMEO, rosterItem(NURSE), 3);
    const user = await call(store(), "user", ROMEO);
    expect(user?.rosterVersion).toBe(3);
    expect(user?.roster.toSorted((a, b) => a.jid.localeCompare(b.jid))).toEqual([changed, rosterItem(NURSE)]);
    expect((await call(store(), "user", JULIET))?.roster).toEqual([]);
  });

  test("removeRosterItem() sets the version, with or without an item", async () => {
    await call(store(), "putRosterItem", ROMEO, rosterItem(JULIET), 1);
    await call(store(), "removeRosterItem", ROMEO, JULIET, 2);
    await call(store(), "removeRosterItem", ROMEO, NURSE, 3);
    expect(await call(store(), "user", ROMEO)).toMatchObject({ roster: [], rosterVersion: 3 });
  });

  test("a subscription request is kept once for each contact", async () => {
    await call(store(), "putSubscriptionRequest", ROMEO, { from: JULIET, text: "<presence n='1'/>" });
    await call(store(), "putSubscriptionRequest", ROMEO, { from: JULIET, text: "<presence n='2'/>" });
    expect((await call(store(), "user", ROMEO))?.requests).toEqual([{ from: JULIET, text: "<presence n='2'/>" }]);
    await call(store(), "removeSubscriptionRequest", ROMEO, JULIET);
    await call(store(), "removeSubscriptionRequest", ROMEO, JULIET);
    expect((await call(store(), "user", ROMEO))?.requests).toEqual([]);
  });

  test("block() and unblock() with a list, and without", async () => {
    const blocked = async () => (await call(store(), "user", ROMEO))?.blocked.toSorted();
    await call(store(), "block", ROMEO, [NURSE, JULIET]);
    await call(store(), "block", ROMEO, [JULIET]);
    expect(await blocked()).toEqual([JULIET, NURSE]);
    await call(store(), "unblock", ROMEO, [JULIET]);
    expect(await blocked()).toEqual([NURSE]);
    await call(store(), "unblock", ROMEO, []);
    expect(await blocked()).toEqual([NURSE]);
    await call(store(), "unblock", ROMEO);
    expect(await blocked()).toEqual([]);
  });
}
