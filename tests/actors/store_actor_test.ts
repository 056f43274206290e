import { expect, test } from "bun:test";
import type { DeliveryLetter, DeliveryRef } from "../../actors/delivery/delivery_letter.ts";
import { Meters } from "../../actors/meters.ts";
import { NowAndThen } from "../../actors/now_and_then.ts";
import { Mailbox } from "../../actors/runtime/mailbox.ts";
import { Scheduler } from "../../actors/runtime/scheduler.ts";
import { askStore } from "../../actors/store/ask_store.ts";
import { refuseAtEnd, StoreActor } from "../../actors/store_actor.ts";
import type { StoreMessage } from "../../actors/store_letter.ts";
import { createInlineStore } from "../../store/sqlite_store.ts";
import type { ReadCall, StoreCall } from "../../store/store.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";
import { unboundedKind } from "./unbounded_kind.ts";

const ROMEO = "romeo@x";
const JULIET = "juliet@x";

async function stage() {
  const inline = createInlineStore("sqlite::memory:");
  await inline.open();
  await inline.run([ROMEO, JULIET].map((account) => ["createAccount", account, {}, 1]));
  /** Methods of each transaction, and of each reading. */
  const asked: string[] = [];
  let broken: Error | undefined;
  const ask = async <Calls extends readonly StoreCall[]>(what: "run" | "read", calls: Calls) => {
    asked.push(`${what} ${calls.map(([method]) => method).join(",")}`);
    if (broken !== undefined) throw broken;
    return await inline[what](calls as Calls & readonly ReadCall[]);
  };
  const store = {
    open: () => inline.open(),
    close: () => inline.close(),
    run: (batch: readonly StoreCall[]) => ask("run", batch),
    read: (calls: readonly ReadCall[]) => ask("read", calls),
  };
  const told: string[] = [];
  const timers: (() => void)[] = [];
  const created: string[] = [];
  const from = {
    tell: (message: DeliveryLetter) => void told.push(`${message.kind} ${"seqs" in message && message.seqs.join(",")}`),
  } as DeliveryRef;
  const mailbox: Mailbox<StoreMessage> = new Mailbox(unboundedKind("StoreActor", refuseAtEnd), new Scheduler(Date.now));
  mailbox.start(
    new StoreActor({
      store,
      log: SILENT_LOG,
      notices: new NowAndThen(() => 0),
      meters: new Meters(),
      now: Date.now,
      delayMs: 100,
      schedule: (_ms: number, task: () => void) => {
        timers.push(task);
        return () => void timers.splice(timers.indexOf(task), 1);
      },
      self: () => mailbox,
      takeStreamCounts: () => [],
      deadline: () => {},
      waiting: () => {},
    }),
  );
  return {
    asked,
    told,
    timers,
    created,
    mailbox,
    database: askStore(mailbox, (account) => void created.push(account)),
    breaks: (error: Error) => {
      broken = error;
    },
    append: (seq: number, owner: string, wanted = false) => {
      const message = { owner, seq, text: "<m/>", waiting: {} };
      mailbox.tell({ kind: "append", message, units: 20, from, wanted, provable: true });
    },
  };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("reads of one turn are one message to the store, and wait for no commit", async () => {
  const { asked, append, database } = await stage();
  append(1, JULIET);
  const [user, keys, bounds] = await Promise.all([
    database.user(ROMEO),
    database.credentials(JULIET),
    database.archiveBounds(ROMEO),
  ]);
  expect([user?.hasPending, keys, bounds]).toEqual([false, {}, undefined]);
  expect(asked).toEqual(["read user,credentials,archiveBounds"]);
});

test("a read of a log sees the row that was told before it", async () => {
  const { asked, append, database, told } = await stage();
  append(1, JULIET);
  append(2, ROMEO);
  expect(await database.pending(JULIET, 0, 10)).toMatchObject([{ seq: 1 }]);
  expect(asked).toEqual(["run append", "read pending"]);
  expect(told).toEqual(["committed 1"]);
});

test("a write that concerns no log leaves rows alone that wait for company", async () => {
  const { asked, append, database, told } = await stage();
  append(1, JULIET);
  await database.setForward(JULIET, ROMEO);
  expect((await database.user(ROMEO))?.account).toBe(ROMEO);
  expect(asked).toEqual(["run setForward", "read user"]);
  expect(told).toEqual([]);
});

test("a new account is told of before the answer, one that was there is not", async () => {
  const { created, database } = await stage();
  expect([await database.createAccount("nurse@x", {}, 1), await database.createAccount(ROMEO, {}, 1)]).toEqual([
    true,
    false,
  ]);
  expect(created).toEqual(["nurse@x"]);
});

test("any error of the store is a fault", async () => {
  const { append, breaks, database, told } = await stage();
  breaks(new Error("unheard of"));
  append(1, JULIET, true);
  await settled();
  expect(told).toEqual(["refused 1"]);
  for (const asked of [database.credentials(JULIET), database.setForward(JULIET, ROMEO)]) {
    expect(await asked.catch((fault) => fault.kind)).toBe("failed");
  }
});

test("at its end nothing more is asked of the store, and nobody is left without an answer", async () => {
  const { append, asked, told, timers, mailbox, database } = await stage();
  append(1, JULIET);
  mailbox.stop();
  append(2, JULIET);
  const refused = [database.nextDeadline(), database.setForward(JULIET, ROMEO)];
  mailbox.tell({ kind: "settle", owner: JULIET, seqs: [1] });
  for (const answer of refused) expect(await answer.catch((fault) => fault.kind)).toBe("failed");
  expect(timers).toEqual([]);
  expect(asked).toEqual([]);
  expect(told).toEqual(["refused 2"]);
});
