/** Each presence of a client sends a profile: what has not changed is shared, however many addresses it has. */
import { expect, test } from "bun:test";
import type { Node, UserEntry } from "../../../actors/node.ts";
import { profileOf } from "../../../actors/user/account_profile.ts";
import { LiveAccount } from "../../../actors/user/live_account.ts";
import { newUserRecord } from "../../../testing/store/harness.ts";
import { Jid } from "../../../xmpp/jid.ts";

const JULIET = Jid.parse("juliet@capulet.lit");

test("a profile is made without a walk over roster and block list", () => {
  const record = { ...newUserRecord(JULIET.text), blocked: ["tybalt@capulet.lit"] };
  const roster = [
    { jid: "romeo@montague.lit", name: "", groups: [], subscription: "both", ask: false, approved: false },
  ];
  const node = { context: { store: { block: async () => {} } } } as unknown as Node;
  const host = { changed: () => {}, refreshPresence: () => {}, removeContact: async () => {} };
  const entry = { jid: JULIET, delivery: { tell: () => {} } } as unknown as UserEntry;
  const account = new LiveAccount(node, entry, { ...record, roster } as typeof record, host);
  const [first, second] = [profileOf(account), profileOf(account)];
  for (const key of ["blocked", "watchers", "watched", "contacts"] as const) expect(second[key]).toBe(first[key]);
  expect([...second.blocked, ...second.contacts]).toEqual(["tybalt@capulet.lit", "romeo@montague.lit"]);
});
