import { beforeEach, expect, test } from "bun:test";
import { passwordId, withPasswordId } from "../../xmpp/scram_keys.ts";
import {
  addAccounts,
  archived,
  archiveSeqs,
  call,
  faultOf,
  JULIET,
  type MakeStore,
  NURSE,
  newUserRecord,
  pendingSeqs,
  ROMEO,
  rosterItem,
  startAnew,
  useStore,
  waiting,
} from "./harness.ts";

const KEYS = { "SHA-256": { salt: "c2FsdA==", iterations: 4096, storedKey: "c3Q=", serverKey: "c2s=" } };

export function accountContract(make: MakeStore): void {
  const store = useStore(make);
  beforeEach(() => startAnew(store()));

  test("createAccount() makes an account once", async () => {
    expect(await call(store(), "createAccount", "tybalt@capulet.example", KEYS, 5)).toBe(true);
    expect(await call(store(), "createAccount", "tybalt@capulet.example", {}, 6)).toBe(false);
    expect(await call(store(), "credentials", "tybalt@capulet.example")).toEqual(KEYS);
    expect(await call(store(), "removeAccount", "tybalt@capulet.example")).toBe(true);
  });

  test("setCredentials() replaces them, and answers false without an account", async () => {
    expect(await call(store(), "setCredentials", ROMEO, KEYS)).toBe(true);
    expect(await call(store(), "credentials", ROMEO)).toEqual(KEYS);
    expect(await call(store(), "setCredentials", "nobody@montague.example", KEYS)).toBe(false);
    expect(await call(store(), "credentials", "nobody@montague.example")).toBeUndefined();
  });

  test("renewCredentials() replaces keys by others of the same password only", async () => {
    await call(store(), "setCredentials", ROMEO, KEYS);
    const more = { "SHA-256": { ...KEYS["SHA-256"], iterations: 8192, storedKey: "bmV3" } };
    const renewed = withPasswordId(more, passwordId(KEYS));
    expect(await call(store(), "renewCredentials", ROMEO, more)).toBe(false);
    expect(await call(store(), "credentials", ROMEO)).toEqual(KEYS);
    expect(await call(store(), "renewCredentials", ROMEO, renewed)).toBe(true);
    expect(await call(store(), "credentials", ROMEO)).toEqual(renewed);
    expect(await call(store(), "renewCredentials", ROMEO, withPasswordId(KEYS, passwordId(renewed)))).toBe(true);
    expect(await call(store(), "renewCredentials", "nobody@montague.example", renewed)).toBe(false);
  });

  test("accounts() gives pages in order", async () => {
    expect(await call(store(), "accounts", "", 2)).toEqual([JULIET, NURSE]);
    expect(await call(store(), "accounts", NURSE, 2)).toEqual([ROMEO]);
    expect(await call(store(), "accounts", ROMEO, 2)).toEqual([]);
  });

  test("user() gives an account as it was made, and undefined without one", async () => {
    expect(await call(store(), "user", ROMEO)).toEqual(newUserRecord(ROMEO));
    expect(await call(store(), "user", "nobody@montague.example")).toBeUndefined();
  });

  test("the account's settings are kept and replaced", async () => {
    const preferences = { default: "roster", always: [JULIET], never: [] } as const;
    await store().run([
      ["setForward", ROMEO, NURSE],
      ["setArchivePreferences", ROMEO, preferences],
      ["setLastActivity", ROMEO, 1_700_000_000_000, "gone"],
    ]);
    expect(await call(store(), "user", ROMEO)).toMatchObject({
      forwardTo: NURSE,
      archivePreferences: preferences,
      lastActivity: { at: 1_700_000_000_000, status: "gone" },
    });
    await call(store(), "setForward", ROMEO, undefined);
    expect((await call(store(), "user", ROMEO))?.forwardTo).toBeUndefined();
  });

  test("the last activity of an account that is gone is nothing to keep", async () => {
    await call(store(), "setLastActivity", "nobody@montague.example", 1, "gone");
    expect(await call(store(), "user", "nobody@montague.example")).toBeUndefined();
  });

  test("a setting without an account is a fault", async () => {
    expect(await faultOf(call(store(), "setForward", "nobody@montague.example", NURSE))).toMatchObject({
      kind: "failed",
    });
  });

  test("removeAccount() takes everything of the account and nothing of others", async () => {
    await store().run([
      ["putRosterItem", ROMEO, rosterItem(JULIET), 1],
      ["putSubscriptionRequest", ROMEO, { from: NURSE, text: "<presence/>" }],
      ["block", ROMEO, [NURSE]],
      ["putDocument", ROMEO, "vcard", "", "<vCard/>"],
      ["putPubsubNode", ROMEO, "node", "{}"],
      ["putPubsubItem", ROMEO, "node", { id: "1", publisher: ROMEO, text: "<a/>", at: 1 }, 5],
      ["append", [...archived(11), { ...waiting(12, ROMEO, 1), peer: JULIET }]],
      ["append", [waiting(13, ROMEO), waiting(14, JULIET)]],
    ]);
    expect(await call(store(), "removeAccount", ROMEO)).toBe(true);
    expect(await call(store(), "removeAccount", ROMEO)).toBe(false);
    expect(await call(store(), "user", ROMEO)).toBeUndefined();
    expect(await call(store(), "nextDeadline")).toBeUndefined();
    expect(await archiveSeqs(store(), JULIET)).toEqual([11]);
    expect(await pendingSeqs(store(), JULIET)).toEqual([14]);

    await addAccounts(store(), ROMEO);
    expect(await call(store(), "user", ROMEO)).toMatchObject({
      roster: [],
      requests: [],
      blocked: [],
      hasPending: false,
    });
    expect(await call(store(), "document", ROMEO, "vcard", "")).toBeUndefined();
    expect(await call(store(), "pubsubNodes", ROMEO)).toEqual([]);
    expect(await archiveSeqs(store(), ROMEO)).toEqual([]);
  });

  test("removeAccount() leaves what others have of the same messages", async () => {
    await call(store(), "append", [...archived(21), archived(22)[0]!]);
    await call(store(), "removeAccount", ROMEO);
    const pend = (seq: number) => call(store(), "pend", [{ owner: JULIET, seq, waiting: {} }]);
    await pend(21);
    expect(await faultOf(pend(22))).toMatchObject({ kind: "failed" });
  });

  test("an account made anew under a used row gets nothing of the old one", async () => {
    await call(store(), "append", archived(31));
    await call(store(), "removeAccount", ROMEO);
    await addAccounts(store(), "mercutio@montague.example");
    await call(store(), "append", archived(32));
    expect(await archiveSeqs(store(), "mercutio@montague.example")).toEqual([]);
    await call(store(), "removeAccount", "mercutio@montague.example");
  });
}
