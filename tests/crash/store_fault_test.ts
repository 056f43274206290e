import { afterEach, describe, expect, test } from "bun:test";
import type { ChaosSession } from "../../chaos/chaos_session.ts";
import { createInlineStore, createSqliteStore } from "../../store/sqlite_store.ts";
import { StoreFault, type StoreFaultKind } from "../../store/store.ts";
import { type CrashStage, fateOf, fates, logIn, openStage, sendTo, until } from "./crash_stage.ts";
import { FailingStore } from "./failing_store.ts";

const DIRECT = { condition: "deliver", value: "direct", action: "notify" } as const;
const STORED = { condition: "deliver", value: "stored", action: "notify" } as const;

let stage: CrashStage | undefined;
const sessions: ChaosSession[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) session.link?.cut();
  await stage?.close();
  stage = undefined;
});

async function open(): Promise<{ stage: CrashStage; store: FailingStore; romeo: ChaosSession }> {
  let store: FailingStore | undefined;
  stage = await openStage((path) => {
    store = new FailingStore(createInlineStore(`sqlite:${path}`));
    return store;
  });
  return { stage, store: store!, romeo: await join(stage, "romeo") };
}

async function join(on: CrashStage, user: string): Promise<ChaosSession> {
  const session = await logIn(on, user);
  sessions.push(session);
  return session;
}

const FAULTS: readonly (readonly [kind: StoreFaultKind, condition: string])[] = [
  ["full", "resource-constraint"],
  ["busy", "resource-constraint"],
  ["readonly", "internal-server-error"],
  ["damaged", "internal-server-error"],
  ["failed", "internal-server-error"],
];

describe("a store that is", () => {
  test.each(FAULTS)(
    "%s: the sender of a message to be stored gets %s, and no acknowledgement before it",
    async (kind, condition) => {
      const { stage, store, romeo } = await open();
      store.fault = new StoreFault(kind, `Cannot commit: ${kind}`);
      sendTo(romeo, "juliet", "m1", [STORED]);
      await until("an error comes", () => fateOf(stage, "m1").length > 0);
      expect(fateOf(stage, "m1")[0]).toBe(`bounce ${condition}`);
      expect(stage.errors).toContain(`store cannot commit ${kind}`);
    },
  );

  test("full: a message to somebody who is there arrives, is reported, and is not bounced", async () => {
    const { stage, store, romeo } = await open();
    await join(stage, "juliet");
    await until("juliet is there", () => stage.history.count("bound") === 2);
    sendTo(romeo, "juliet", "m0", [DIRECT]);
    await until("m0 is reported", () => fateOf(stage, "m0").includes("notify deliver=direct"));
    store.fault = new StoreFault("full", "Cannot commit: database or disk is full");
    sendTo(romeo, "juliet", "m1", [DIRECT, STORED]);
    await until("m1 arrives", () => fateOf(stage, "m1").includes("received by juliet"));
    await Bun.sleep(300);
    expect(fateOf(stage, "m1").filter((fate) => fate.startsWith("bounce"))).toEqual([]);
    expect(fateOf(stage, "m1")).not.toContain("notify deliver=stored");
    // No archive has it; the one whose it is was not refused anything, so the operator is told.
    await until("the log tells", () => stage.errors.includes("cannot keep message in archive full"));
    store.fault = undefined;
  });

  test("full, then not any more: what was refused stays refused, what comes then is kept", async () => {
    const { stage, store, romeo } = await open();
    store.fault = new StoreFault("full", "Cannot commit: database or disk is full");
    sendTo(romeo, "juliet", "m1");
    await until("m1 bounces", () => fateOf(stage, "m1").length > 0);
    store.fault = undefined;
    sendTo(romeo, "juliet", "m2", [STORED]);
    await until("m2 is accepted", () => fateOf(stage, "m2").includes("accepted"));
    const juliet = await join(stage, "juliet");
    await until("m2 arrives", () => fateOf(stage, "m2").includes("received by juliet"));
    expect(fateOf(stage, "m2")).toContain("notify deliver=stored");
    expect(fateOf(stage, "m1")).not.toContain("received by juliet");
    expect(juliet.isConnected).toBe(true);
  });

  test("full when a message falls back to storage: it was accepted before, and is not lost", async () => {
    const { stage, store, romeo } = await open();
    const juliet = await join(stage, "juliet");
    sendTo(romeo, "juliet", "m0");
    await until("m0 is accepted", () => fateOf(stage, "m0").includes("accepted"));
    juliet.link?.deafen();
    sendTo(romeo, "juliet", "m1", [DIRECT, STORED]);
    await until("m1 is accepted", () => fateOf(stage, "m1").includes("accepted"));
    store.fault = new StoreFault("full", "Cannot commit: database or disk is full");
    juliet.link?.cut();
    await Bun.sleep(300);
    store.fault = undefined;
    await join(stage, "juliet");
    await until("m1 arrives", () => fateOf(stage, "m1").includes("received by juliet"));
  });
});

describe("a SQLite database at its size limit", () => {
  test("refuses, keeps what it has, and takes more when that has been delivered", async () => {
    const on = await openStage((path) => createSqliteStore(`sqlite:${path}`, { maxPages: 120 }));
    stage = on;
    const romeo = await join(on, "romeo");
    const isBounced = (fate: readonly string[]) => fate.includes("bounce resource-constraint");
    const bounces = () => [...fates(on).values()].filter(isBounced).length;
    let count = 0;
    while (bounces() === 0 && count < 5000) {
      for (let burst = 0; burst < 100; burst++) sendTo(romeo, "juliet", `m${count++}`);
      // What was committed last may have to wait for its acknowledgement until there is room for the count.
      await until("all are answered, or one is refused", () => fates(on).size === count || bounces() > 0);
    }
    expect(bounces()).toBeGreaterThan(0);
    await join(on, "juliet");
    const isOver = (fate: readonly string[]) => isBounced(fate) || fate.includes("received by juliet");
    await until("all that was kept arrives", () => fates(on).size === count && [...fates(on).values()].every(isOver));
    const both = [...fates(on).values()].filter((fate) => isBounced(fate) && fate.includes("received by juliet"));
    expect(both).toEqual([]);
  });
});
