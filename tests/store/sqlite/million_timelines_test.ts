/**
 * A million timelines with four steps each: look-ups, pages and pruning stay quick. Runs with AMPACT_TEST_MILLION=1: it needs
 * 600 MB of disk and a minute.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "../../../store/sqlite/connection.ts";
import { createInlineStore } from "../../../store/sqlite_store.ts";
import type { Store, StoreCall, StoreMethod } from "../../../store/store.ts";
import { addAccounts, call, JULIET, ROMEO } from "../../../testing/store/harness.ts";

const COUNT = 1_000_000;
/** Ids and keys stand in no order, as made at random. */
const scattered = (n: number) => `${(n * 7_368_787) % 10_000_019}`.padStart(22, "x");

const FILL = [
  `create table number as with recursive counted (n) as (select 1 union all select n + 1 from counted where n < ${COUNT})
    select n, printf('%022d', n * 7368787 % 10000019) as id from counted`,
  `insert into peer (jid) select 'user' || n || '@example.org' from number where n <= 10000`,
  `insert into timeline (n, id, key, digest, stanza, sender, recipient, sender_id, recipient_id, at, settled)
    select n, replace(ltrim(replace(id, '0', ' ')), ' ', '0'), case n % 10 when 0 then 'k' || id end, case n % 10 when 0 then id end,
      's' || id, 'user' || s || '@example.org/orchard', 'user' || r || '@example.org',
      (select min(id) from peer where jid like 'user%') + s - 1, (select min(id) from peer where jid like 'user%') + r - 1,
      n * 1000, case when n % 100000 = 7 then 'none' when n % 50 > 0 then 'direct' end
    from (select n, id, case when n % 2 = 0 then 1 else n % 10000 + 1 end as s, n * 31 % 10000 + 1 as r from number)`,
  `insert into timeline_step (timeline_n, at, kind, detail, settles)
    select n, n * 1000, kind, detail, case kind when 'settled' then 'direct' end from number,
      (select 'accepted' as kind, null as detail union all select 'offered', '{"resources":["balcony"]}'
        union all select 'proved', '{"resource":"balcony","by":"sm-ack"}' union all select 'settled', '{"outcome":{"kind":"direct"}}')`,
  "drop table number",
];

if (process.env.AMPACT_TEST_MILLION === undefined) {
  test.skip("a million timelines (skipped: AMPACT_TEST_MILLION is not set)", () => {});
} else describe("a million timelines", millionTimelines);

function millionTimelines(): void {
  let folder: string;
  let store: Store;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ampact-million-"));
    const path = join(folder, "ampact.db");
    const url = `sqlite:${path}`;
    store = createInlineStore(url);
    await store.open();
    await addAccounts(store, ROMEO, JULIET);
    await store.close();
    const connection = new Connection({ path });
    for (const statement of FILL) connection.execute(statement);
    connection.close();
    console.log(`${Math.round(statSync(path).size / 1_048_576)} MiB`);
    store = createInlineStore(url);
    await store.open();
  }, 900_000);
  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  /** Milliseconds of each call. */
  async function measure(count: number, make: (at: number) => StoreCall): Promise<number[]> {
    const times: number[] = [];
    for (let at = 0; at < count; at++) {
      const [method, ...parameters] = make(at) as unknown as readonly [StoreMethod, ...unknown[]];
      const start = performance.now();
      await (call as (...all: readonly unknown[]) => Promise<unknown>)(store, method, ...parameters);
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b);
  }

  function told(what: string, times: readonly number[]): number {
    const [median, worst] = [times[times.length >> 1]!, times[Math.floor(times.length * 0.99)]!];
    console.log(`${what}: median ${median.toFixed(3)} ms, 99th percentile ${worst.toFixed(3)} ms`);
    return median;
  }

  const spread = (at: number) => 1 + ((at * 99_991) % COUNT);
  const idOf = (n: number) => String((n * 7_368_787) % 10_000_019);

  test("are found by id and by key within a millisecond", async () => {
    expect(await call(store, "timeline", idOf(5))).toMatchObject({ at: 5000, steps: [{}, {}, {}, {}] });
    expect(await call(store, "timelineOfKey", `k${idOf(10).padStart(22, "0")}`)).toMatchObject({ id: idOf(10) });
    expect(told("by id", await measure(2000, (at) => ["timeline", idOf(spread(at))]))).toBeLessThan(1);
    const key = (at: number) => `k${idOf(Math.floor(spread(at) / 10) * 10 + 10).padStart(22, "0")}`;
    expect(told("by key", await measure(2000, (at) => ["timelineOfKey", key(at)]))).toBeLessThan(1);
  });

  test.each([
    ["newest", {}],
    ["of one sender of half of them", { from: "user1@example.org" }],
    ["of a recipient", { to: "user9@example.org" }],
    ["of a sender and a recipient", { from: "user1@example.org", to: "user9@example.org" }],
    ["that failed, ten in all", { settled: "none" }],
    ["that are not settled", { settled: "" }],
    ["of a kind that there is not", { settled: "gateway" }],
    ["since a time that is not yet", { since: 2_000_000_000 }],
    ["by the id of the message", { from: "user1@example.org", stanza: `s${idOf(8).padStart(22, "0")}` }],
  ])("come by page: %s", async (what, query) => {
    expect(told(what, await measure(50, () => ["timelines", { ...query, limit: 100 }]))).toBeLessThan(20);
  });

  test("take new ones: batches of 500, each opened, accepted, offered, proved, settled", async () => {
    const at = COUNT * 1000;
    const batches = 40;
    const start = process.cpuUsage();
    for (let batch = 0; batch < batches; batch++) {
      const calls = Array.from({ length: 500 }, (_, i): StoreCall[] => {
        const id = scattered(COUNT + 1 + batch * 500 + i);
        const to = `user${((batch * 500 + i) * 31) % 10_000}@example.org`;
        return [
          ["openTimeline", { id, stanza: id, from: "user1@example.org/o", to, at }],
          ["noteSteps", [{ timeline: id, at, kind: "accepted" }]],
          ["noteSteps", [{ timeline: id, at, kind: "offered", detail: '{"resources":["balcony"]}' }]],
          [
            "noteSteps",
            [
              { timeline: id, at, kind: "proved" },
              { timeline: id, at, kind: "settled", settles: "direct" },
            ],
          ],
        ];
      });
      for (const reply of await store.run(calls.flat())) expect(reply).not.toHaveProperty("fault");
    }
    const { user, system } = process.cpuUsage(start);
    console.log(`a new timeline with four steps: ${Math.round((user + system) / batches / 500)} us`);
  }, 60_000);

  test("are pruned in portions", async () => {
    expect(told("portions of 100", await measure(1000, () => ["pruneTimelines", COUNT * 1000, 100]))).toBeLessThan(100);
    expect(await call(store, "timeline", idOf(100_000))).toBeUndefined();
    expect(await call(store, "timeline", idOf(100_001))).toBeDefined();
  }, 120_000);
}
