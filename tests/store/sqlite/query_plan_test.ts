import { afterAll, beforeAll, expect, spyOn, test } from "bun:test";
import { Connection } from "../../../store/sqlite/connection.ts";
import { createInlineStore } from "../../../store/sqlite_store.ts";
import { isRead, type StoreCall, type StoreMethod } from "../../../store/store.ts";
import { archived, JULIET, NURSE, ROMEO } from "../../../testing/store/harness.ts";

const ITEM = { jid: JULIET, name: "", subscription: "both", ask: false, approved: false, groups: [] } as const;

const TIMELINE_CONDITIONS = [
  {},
  { from: ROMEO },
  { to: JULIET },
  { from: ROMEO, to: JULIET, settled: "" },
  { from: ROMEO, settled: "direct" },
  { to: JULIET, settled: "direct" },
  { settled: "" },
  { settled: "direct" },
  { from: ROMEO, stanza: "s", to: JULIET, settled: "" },
] as const;

/** At least one call of every operation: the type lets none be forgotten. */
const CALLS: Readonly<Record<StoreMethod, readonly StoreCall[]>> = {
  createAccount: [ROMEO, JULIET, NURSE].map((account) => ["createAccount", account, {}, 1]),
  setCredentials: [["setCredentials", ROMEO, {}]],
  renewCredentials: [["renewCredentials", ROMEO, {}]],
  credentials: [["credentials", ROMEO]],
  addOwner: [["addOwner", "gateway.example", "gateway"]],
  accounts: [["accounts", "", 10]],
  usage: [["usage", ROMEO]],
  user: [["user", ROMEO]],
  putRosterItem: [["putRosterItem", ROMEO, ITEM, 1]],
  removeRosterItem: [["removeRosterItem", ROMEO, JULIET, 1]],
  putSubscriptionRequest: [["putSubscriptionRequest", ROMEO, { from: JULIET, text: "" }]],
  removeSubscriptionRequest: [["removeSubscriptionRequest", ROMEO, JULIET]],
  block: [["block", ROMEO, [JULIET]]],
  unblock: [
    ["unblock", ROMEO, [JULIET]],
    ["unblock", ROMEO],
  ],
  setForward: [["setForward", ROMEO, JULIET]],
  setArchivePreferences: [["setArchivePreferences", ROMEO, { default: "always", always: [], never: [] }]],
  setLastActivity: [["setLastActivity", ROMEO, 1, ""]],
  append: [["append", [1, 2, 3, 4, 5, 6, 7].flatMap((seq) => archived(seq, { waiting: {} }))]],
  pend: [["pend", [{ owner: ROMEO, seq: 1, waiting: {} }]]],
  settle: [["settle", [{ seq: 1, owner: JULIET }]]],
  setRules: [["setRules", JULIET, 2, "", 5]],
  withdraw: [["withdraw", JULIET, 3]],
  pending: [["pending", JULIET, 0, 10]],
  pendingShares: [["pendingShares", JULIET, []]],
  due: [["due", 10, 10]],
  nextDeadline: [["nextDeadline"]],
  waitingSummary: [["waitingSummary", 10]],
  waitingOwners: [["waitingOwners"]],
  archive: ([undefined, JULIET] as const).flatMap((peer) =>
    ([undefined, [1, 2]] as const).flatMap((seqs) =>
      (["first", "last"] as const).map((take): StoreCall => {
        return ["archive", { owner: ROMEO, peer, seqs, take, limit: 1, count: true }];
      }),
    ),
  ),
  archiveBounds: [["archiveBounds", ROMEO]],
  pruneArchive: [["pruneArchive", 2, 10]],
  trimArchive: [["trimArchive", ROMEO, 2]],
  putDocument: [["putDocument", ROMEO, "a", "b", ""]],
  document: [["document", ROMEO, "a", "b"]],
  documents: [["documents", ROMEO, "a"]],
  documentCount: [["documentCount", ROMEO, "a"]],
  removeDocument: [["removeDocument", ROMEO, "a", "b"]],
  putPubsubNode: [["putPubsubNode", ROMEO, "n", ""]],
  pubsubNodes: [["pubsubNodes", ROMEO]],
  putPubsubItem: [["putPubsubItem", ROMEO, "n", { id: "a", publisher: "", text: "", at: 1 }, 1]],
  pubsubItems: [["pubsubItems", ROMEO, "n", 1]],
  pubsubItem: [["pubsubItem", ROMEO, "n", "a"]],
  removePubsubItem: [["removePubsubItem", ROMEO, "n", "a"]],
  openTimeline: [
    ["openTimeline", { id: "t", from: ROMEO, to: JULIET, at: 1 }],
    ["openTimeline", { id: "u", key: "k", from: ROMEO, to: JULIET, at: 1 }],
  ],
  noteSteps: [["noteSteps", [{ timeline: "t", at: 1, kind: "settled", settles: "direct" }]]],
  timeline: [["timeline", "t"]],
  timelineOfKey: [["timelineOfKey", "k"]],
  timelines: ([{}, { after: "u" }] as const).flatMap((place) =>
    TIMELINE_CONDITIONS.map((query): StoreCall => ["timelines", { ...query, ...place, since: 1, limit: 2 }]),
  ),
  stepsAfter: [["stepsAfter", 0, 10]],
  lastStep: [["lastStep"]],
  putFollower: [["putFollower", "f", ""]],
  follower: [["follower", "f"]],
  pruneTimelines: [["pruneTimelines", 0, 10]],
  putStreams: [["putStreams", [{ id: "a", account: ROMEO, h: 1, at: 1 }]]],
  stream: [["stream", "a"]],
  pruneStreams: [["pruneStreams", 1]],
  putToken: [["putToken", { name: "a", hash: "b", scopes: ["read"], at: 1 }]],
  tokens: [["tokens"]],
  removeToken: [["removeToken", "a"]],
  putArrivals: [["putArrivals", { domain: "a", ids: ["b"], at: 1 }, 9]],
  arrivals: [["arrivals"]],
  removePubsubNode: [["removePubsubNode", ROMEO, "n"]],
  removeAccount: [["removeAccount", ROMEO]],
};

const plans = new Map<string, string[]>();
/** What is prepared for calls that only read. */
const readings = new Set<string>();

/** Prepares whatever the store prepares, and asks for its plan on the same connection. */
beforeAll(async () => {
  const prepare = Connection.prototype.prepare;
  const store = createInlineStore("sqlite::memory:", { unindexedRows: 2 });
  await store.open();
  let isReading = false;
  const spy = spyOn(Connection.prototype, "prepare").mockImplementation(function (this: Connection, text: string) {
    if (isReading) readings.add(text);
    if (!plans.has(text)) {
      const plan = prepare.call(this, `explain query plan ${text}`).all();
      plans.set(
        text,
        plan.map((row) => String(row.detail)),
      );
    }
    return prepare.call(this, text);
  });
  for (const batch of Object.values(CALLS)) {
    isReading = batch.every(isRead);
    await (batch.every(isRead) ? store.read(batch) : store.run(batch));
  }
  spy.mockRestore();
  await store.close();
});

afterAll(() => plans.clear());

test("every operation ran", () => {
  expect(plans.size).toBeGreaterThan(60);
});

test("a call that only reads writes nothing", () => {
  expect(readings.size).toBeGreaterThan(25);
  expect([...readings].filter((text) => !/^(begin|commit|select .*)$/.test(text))).toEqual([]);
});

test("no statement scans a table or an index, or sorts what an index could give in order", () => {
  const [pass, ...others] = [...plans].sort(([one], [other]) => Number(isPass(other)) - Number(isPass(one)));
  expect(pass![1]).toEqual(["SEARCH log USING INTEGER PRIMARY KEY (rowid>?)", "USE TEMP B-TREE FOR ORDER BY"]);
  const slow = others.filter(
    ([text, plan]) =>
      !isCount(text) && plan.some((step) => /^SCAN (?!json_each|\d+-ROW VALUES)|^USE TEMP B-TREE/.test(step)),
  );
  expect(slow).toEqual([]);
});

/** It sorts many rows at once, which is what it is for. */
function isPass(text: string): boolean {
  return text.startsWith('insert into "log_by_peer"');
}

/** It counts all that waits, for whoever watches the server, a few times a minute at most. */
function isCount(text: string): boolean {
  return text.startsWith('select count(*) as "messages"');
}

test("the count of what waits reads its index alone", () => {
  const counts = [...plans].filter(([text]) => isCount(text));
  expect(counts.map(([, plan]) => plan)).toEqual([["SCAN log USING COVERING INDEX log_waiting"]]);
});

test("a conversation's page comes from the index by peer, in its order", () => {
  const pages = [...plans].filter(([text]) => text.startsWith("select") && text.includes('"p"."peer_id" = ?'));
  expect(pages.length).toBe(3);
  for (const [, plan] of pages) expect(plan[0]).toContain("PRIMARY KEY (owner_id=? AND peer_id=? AND seq");
});

test("what has not passed comes from its owner's newest rows", () => {
  const young = [...plans].filter(([text]) => text.includes("+id > ?"));
  expect(young.length).toBe(3);
  for (const [, plan] of young) expect(plan[0]).toContain("log_place (owner_id=? AND seq>? AND seq<?)");
});

test("what waits comes from the index of what waits", () => {
  const waiting = [...plans].filter(
    ([text]) => text.startsWith("select") && text.includes('"waits" = 1') && !isCount(text),
  );
  expect(waiting.length).toBe(2);
  for (const [, plan] of waiting) expect(plan[0]).toContain("log_waiting");
});

test("timelines come from an index in its order, of whichever side or outcome was asked", () => {
  const pages = [...plans].filter(([text]) => text.includes("(at, n) <"));
  expect(pages.map(([, plan]) => plan)).toEqual(
    ["at", "sender", "recipient", "recipient", "sender", "recipient", "settled", "stanza"].map((index) => [
      expect.stringContaining(`timeline_${index} (`),
    ]),
  );
});
