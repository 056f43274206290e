import { expect, test } from "bun:test";
import { ArchiveRetention } from "../../actors/archive_retention.ts";
import { firstSeqAt } from "../../store/sequence.ts";
import { createInlineStore } from "../../store/sqlite_store.ts";
import type { AsyncStore, StoreCall } from "../../store/store.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;
const ROMEO = "romeo@example.org";
const JULIET = "juliet@example.org";

/** A real store with messages of the given ages in days, in the archives of both. */
async function archiveOf(ages: readonly number[]) {
  const store = createInlineStore("sqlite::memory:");
  await store.open();
  const call = async (...parameters: unknown[]) => {
    const [reply] = await store.run([parameters as unknown as StoreCall]);
    if (reply === undefined || "fault" in reply) throw reply?.fault;
    return reply.value;
  };
  const database = new Proxy({} as AsyncStore, {
    get:
      (_, method) =>
      (...parameters: unknown[]) =>
        call(method, ...parameters),
  });
  for (const account of [ROMEO, JULIET]) await database.createAccount(account, {}, 1);
  const rows = ages.flatMap((age, at) => {
    const row = { seq: firstSeqAt(NOW - age * DAY) + at, text: `<m${at}/>` };
    return [
      { ...row, owner: ROMEO, peer: JULIET },
      { ...row, owner: JULIET, peer: ROMEO },
    ];
  });
  await database.append(rows);
  const left = async (owner: string) => {
    const page = await database.archive({ owner, take: "first", limit: 5000 });
    return page.messages.map((message) => message.text);
  };
  return { database, left };
}

function retention(database: AsyncStore, limits: { readonly keepMs?: number; readonly keepMessages?: number }) {
  const scheduled: number[] = [];
  const start = { store: database, log: SILENT_LOG, keepMs: 0, keepMessages: 0, ...limits, now: () => NOW };
  const schedule = (ms: number) => {
    scheduled.push(ms);
    return () => {};
  };
  return { retention: new ArchiveRetention({ ...start, schedule }), scheduled };
}

test("ArchiveRetention removes what is older than the given age, from all archives", async () => {
  const { database, left } = await archiveOf([40, 31, 29, 1]);
  expect(await retention(database, { keepMs: 30 * DAY }).retention.sweep()).toBe(4);
  expect(await left(ROMEO)).toEqual(["<m2/>", "<m3/>"]);
  expect(await left(JULIET)).toEqual(["<m2/>", "<m3/>"]);
});

test("ArchiveRetention goes on in portions until all that is old is gone", async () => {
  const { database, left } = await archiveOf(Array.from({ length: 1600 }, () => 50));
  expect(await retention(database, { keepMs: 30 * DAY }).retention.sweep()).toBe(3200);
  expect(await left(ROMEO)).toEqual([]);
});

test("ArchiveRetention keeps the newest messages of each account", async () => {
  const { database, left } = await archiveOf([4, 3, 2, 1]);
  expect(await retention(database, { keepMessages: 3 }).retention.sweep()).toBe(2);
  expect(await left(ROMEO)).toEqual(["<m1/>", "<m2/>", "<m3/>"]);
});

test("ArchiveRetention plans nothing where everything is kept", async () => {
  const { database } = await archiveOf([]);
  const idle = retention(database, {});
  idle.retention.run();
  expect(idle.scheduled).toEqual([]);
  const busy = retention(database, { keepMessages: 1 });
  busy.retention.run();
  expect(busy.scheduled).toEqual([60_000]);
});
