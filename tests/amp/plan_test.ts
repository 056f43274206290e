import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { NoneReason, Plan, PlanInput, ResourceAnswer } from "../../amp/plan.ts";
import { ordinaryError, plan } from "../../amp/plan.ts";

const ON = { offline: true, archive: true, storable: true };
const base: PlanInput = {
  messageType: "chat",
  to: { resource: "" },
  accountExists: true,
  blocked: false,
  resources: [],
  storage: ON,
};
const online = (resource: string, priority = 0): ResourceAnswer => ({ resource, priority, available: true });
const connected = (resource: string): ResourceAnswer => ({ resource, priority: 0, available: false });
const direct = (...resources: string[]): Plan => ({ kind: "direct", resources });
const none = (reason: NoneReason, silent = false): Plan => ({ kind: "none", reason, silent });
const stored: Plan = { kind: "stored" };
const here = [online("pda", 5), online("home", 0), online("away", -1), connected("new")];

type Row = [string, Partial<PlanInput>, Plan];

describe("RFC 6121 8.5.2: bare JID", () => {
  test.each<Row>([
    ["8.5.2.1.1 chat: all non-negative available resources", { resources: here }, direct("pda", "home")],
    ["8.5.2.1.1 normal", { messageType: "normal", resources: here }, direct("pda", "home")],
    ["8.5.2.1.1 headline", { messageType: "headline", resources: here }, direct("pda", "home")],
    ["8.5.2.1.1 groupchat", { messageType: "groupchat", resources: here }, none("not-storable")],
    ["8.5.2.1.1 error", { messageType: "error", resources: here }, none("not-storable", true)],
    ["8.5.2.1 only negative: as if nobody were there", { resources: [online("away", -1)] }, stored],
    ["8.5.2.2 connected but not available: nobody is there", { resources: [connected("new")] }, stored],
    ["8.5.2.2.1 chat", {}, stored],
    ["8.5.2.2.1 normal", { messageType: "normal" }, stored],
    ["8.5.2.2.1 headline", { messageType: "headline" }, none("not-storable", true)],
    ["8.5.2.2.1 groupchat", { messageType: "groupchat" }, none("not-storable")],
    ["8.5.2.2.1 error", { messageType: "error" }, none("not-storable", true)],
  ])("%s", (_, change, expected) => {
    expect(plan({ ...base, ...change })).toEqual(expected);
  });
});

describe("RFC 6121 8.5.3: full JID", () => {
  const to = (resource: string) => ({ to: { resource } });
  test.each<Row>([
    ["8.5.3.1 exact match", { ...to("home"), resources: here }, direct("home")],
    ["8.5.3.1 match of negative priority", { ...to("away"), resources: here }, direct("away")],
    ["8.5.3.1 match that is merely connected", { ...to("new"), resources: here }, direct("new")],
    ["8.5.3.1 groupchat", { ...to("pda"), messageType: "groupchat", resources: here }, direct("pda")],
    ["8.5.3.1 error", { ...to("pda"), messageType: "error", resources: here }, direct("pda")],
    ["8.5.3.2.1 chat: as bare", { ...to("gone"), resources: here }, direct("pda", "home")],
    ["8.5.3.2.1 chat, nobody: as bare", to("gone"), stored],
    ["8.5.3.2.1 normal: as bare", { ...to("gone"), messageType: "normal", resources: here }, direct("pda", "home")],
    [
      "8.5.3.2.1 normal, strictly",
      { ...to("gone"), messageType: "normal", resources: here, unmatchedNormal: "refuse" },
      none("not-storable"),
    ],
    ["8.5.3.2.1 headline", { ...to("gone"), messageType: "headline", resources: here }, none("not-storable", true)],
    ["8.5.3.2.1 groupchat", { ...to("gone"), messageType: "groupchat", resources: here }, none("not-storable")],
    ["8.5.3.2.1 error", { ...to("gone"), messageType: "error", resources: here }, none("not-storable", true)],
  ])("%s", (_, change, expected) => {
    expect(plan({ ...base, ...change })).toEqual(expected);
  });
});

describe("storage, forwarding, gateways, blocks", () => {
  const storage = (change: Partial<PlanInput["storage"]>) => ({ storage: { ...ON, ...change } });
  test.each<Row>([
    ["RFC 6121 8.5.1: no account", { accountExists: false }, none("no-account")],
    [
      "RFC 6120 8.3.1: never an error for an error",
      { accountExists: false, messageType: "error" },
      none("no-account", true),
    ],
    ["XEP-0191 3.2: blocked, though online", { blocked: true, resources: here }, none("blocked")],
    ["XEP-0191 3.2: blocked goes before forwarding", { blocked: true, forwardTo: "b@c" }, none("blocked")],
    ["XEP-0160: one kind of storage is enough (archive)", storage({ offline: false }), stored],
    ["XEP-0160: one kind of storage is enough (offline)", storage({ archive: false }), stored],
    ["XEP-0079 3.3.1: storage off", storage({ offline: false, archive: false }), none("no-storage")],
    ["XEP-0160 3: storage full", storage({ full: true }), none("storage-full")],
    ["XEP-0334: not to be stored", storage({ storable: false }), none("not-storable")],
    [
      "RFC 6121 11: no error tells a stranger that nobody is there",
      { ...storage({ full: true }), presenceHidden: true },
      none("storage-full", true),
    ],
    [
      "XEP-0085: no error for a lone chat state",
      { ...storage({ storable: false }), ephemeral: true },
      none("not-storable", true),
    ],
    ["XEP-0079 3.3.1: forwarded when nobody is there", { forwardTo: "b@c" }, { kind: "forward", to: "b@c" }],
    [
      "XEP-0079 3.3.1: forwarded though storage is off",
      { ...storage({ offline: false, archive: false }), forwardTo: "b@c" },
      { kind: "forward", to: "b@c" },
    ],
    [
      "XEP-0079 3.3.1: not forwarded when somebody is there",
      { resources: here, forwardTo: "b@c" },
      direct("pda", "home"),
    ],
    [
      "XEP-0079 3.3.1: headlines are not forwarded",
      { messageType: "headline", forwardTo: "b@c" },
      none("not-storable", true),
    ],
    ["XEP-0079 3.3.1: gateway", { gateway: true, accountExists: false }, { kind: "gateway" }],
  ])("%s", (_, change, expected) => {
    expect(plan({ ...base, ...change })).toEqual(expected);
  });
});

test.each([
  ["no-account", false, "service-unavailable"],
  ["blocked", false, "service-unavailable"],
  ["storage-full", false, "service-unavailable"],
  ["no-route", false, "remote-server-not-found"],
  ["not-storable", true, undefined],
] as const)("RFC 6121 8.5: the ordinary error of %s (silent: %p) is %p", (reason, silent, condition) => {
  expect(ordinaryError({ kind: "none", reason, silent })).toBe(condition as never);
});

const anyInput: fc.Arbitrary<PlanInput> = fc.record({
  messageType: fc.constantFrom("chat", "normal", "headline", "groupchat", "error"),
  to: fc.record({ resource: fc.constantFrom("", "a", "b", "c") }),
  accountExists: fc.boolean(),
  blocked: fc.boolean(),
  resources: fc.uniqueArray(
    fc.record({
      resource: fc.constantFrom("a", "b"),
      priority: fc.integer({ min: -2, max: 2 }),
      available: fc.boolean(),
    }),
    { selector: (answer) => answer.resource },
  ),
  storage: fc.record({ offline: fc.boolean(), archive: fc.boolean(), storable: fc.boolean(), full: fc.boolean() }),
});

test("property: a direct plan names resources that are there, and a bare JID never reaches a negative priority", () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const result = plan(input);
      if (result.kind !== "direct") return;
      expect(input.blocked).toBe(false);
      expect(result.resources.length).toBeGreaterThan(0);
      for (const resource of result.resources) {
        const answer = input.resources.find((each) => each.resource === resource);
        expect(answer).toBeDefined();
        if (resource !== input.to.resource) expect(answer!.available && answer!.priority >= 0).toBe(true);
      }
    }),
  );
});
