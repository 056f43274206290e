import { afterEach, describe, expect, test } from "bun:test";
import type { ChaosRule } from "../../chaos/history.ts";
import { createInlineStore } from "../../store/sqlite_store.ts";
import type { StoreCall } from "../../store/store.ts";
import { type CrashStage, fateOf, logIn, openStage, sendTo, until } from "./crash_stage.ts";
import { MuteStore } from "./mute_store.ts";

const DIRECT: ChaosRule = { condition: "deliver", value: "direct", action: "notify" };
const STORED: ChaosRule = { condition: "deliver", value: "stored", action: "notify" };
const ERROR: ChaosRule = { condition: "deliver", value: "stored", action: "error" };

/** The recipient's row; the sender's archive has its own, which comes first. */
const isWaitingRow = (call: StoreCall) => call[0] === "append" && call[1].some(({ waiting }) => waiting !== undefined);

let stage: CrashStage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function open(): Promise<{ readonly on: CrashStage; readonly store: MuteStore }> {
  let store: MuteStore | undefined;
  stage = await openStage((path) => {
    store = new MuteStore(createInlineStore(`sqlite:${path}`));
    return store;
  });
  return { on: stage, store: store! };
}

/** After the crash both log in again; returns when all is quiet. */
async function comeBack(on: CrashStage, message: string, fate: string): Promise<void> {
  await logIn(on, "romeo");
  await logIn(on, "juliet");
  await until(`${message} comes to ${fate}`, () => fateOf(on, message).includes(fate));
  await Bun.sleep(200);
}

describe("a crash between a commit and what follows from it", () => {
  test("stored: the sender is told after the restart, once, and the message waits", async () => {
    const { on, store } = await open();
    const romeo = await logIn(on, "romeo");
    store.muteAt = isWaitingRow;
    sendTo(romeo, "juliet", "m", [DIRECT, STORED]);
    await until("it is committed", () => store.isMute);
    expect(fateOf(on, "m")).toEqual([]);
    stage = await on.crash();
    await comeBack(stage, "m", "received by juliet");
    expect([...fateOf(stage, "m")].sort()).toEqual(["notify deliver=stored", "received by juliet"]);
  });

  test("error: the sender is told after the restart, and nobody gets the message", async () => {
    const { on, store } = await open();
    const romeo = await logIn(on, "romeo");
    store.muteAt = isWaitingRow;
    sendTo(romeo, "juliet", "m", [ERROR]);
    await until("it is committed", () => store.isMute);
    stage = await on.crash();
    await comeBack(stage, "m", "error deliver=stored");
    expect(fateOf(stage, "m")).toEqual(["error deliver=stored"]);
  });

  test("direct: the sender is told after the restart, once, and the device gets no second copy", async () => {
    const { on, store } = await open();
    const romeo = await logIn(on, "romeo");
    await logIn(on, "juliet");
    sendTo(romeo, "juliet", "first", [DIRECT]);
    await until("the first is through", () => fateOf(on, "first").includes("notify deliver=direct"));
    store.muteAt = (call) => call[0] === "settle" && call[1].some(({ owner }) => owner === "juliet@localhost");
    sendTo(romeo, "juliet", "m", [DIRECT]);
    await until("the proof is committed", () => store.isMute);
    expect(fateOf(on, "m")).not.toContain("notify deliver=direct");
    stage = await on.crash();
    await comeBack(stage, "m", "notify deliver=direct");
    expect(fateOf(stage, "m").filter((fate) => fate !== "accepted")).toEqual([
      "received by juliet",
      "notify deliver=direct",
    ]);
  });
});
