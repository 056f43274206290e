import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Agent, createClient } from "stanza";
import { createAmp, deliver, forStanza } from "../../client/mod.ts";
import { type LiveServer, PASSWORD, startLiveServer } from "./live_server.ts";

const STORED = [deliver("stored", "notify")];
let live: LiveServer;
let juliet: Agent;

beforeAll(async () => {
  live = await startLiveServer(["juliet", "romeo"]);
  juliet = createClient({
    jid: "juliet@localhost",
    password: PASSWORD,
    transports: { websocket: live.webSocketUrl, bosh: false },
    autoReconnect: false,
  });
  const started = new Promise((resolve, reject) => {
    juliet.on("session:started", resolve);
    juliet.on("auth:failed", () => reject(new Error("auth:failed")));
  });
  juliet.connect();
  await started;
});

afterAll(async () => {
  await juliet.disconnect();
  await live.stop();
});

describe("forStanza()", () => {
  test("writes rules and reads replies over a real connection", async () => {
    const frames: string[] = [];
    juliet.on("raw:outgoing", (text) => frames.push(String(text)));
    const amp = createAmp(forStanza(juliet), { timeoutMs: 3000 });
    const message = (to: string) => ({ to, type: "chat" as const, body: "hi <&>" });
    const send = (to: string, rules = STORED) => amp.send(message(to), rules);

    expect(await send("romeo@localhost")).toEqual({ kind: "notified", rule: STORED[0]! });
    expect(frames.find((text) => text.includes("<message"))).toContain(
      '<amp xmlns="http://jabber.org/protocol/amp"><rule condition="deliver" value="stored" action="notify"/></amp>',
    );
    expect(await send("romeo@localhost", [deliver("stored", "alert")])).toMatchObject({ kind: "alert" });
    expect(await send("romeo@localhost", [deliver("stored", "error")])).toMatchObject({
      kind: "error",
      rules: [deliver("stored", "error")],
    });
    expect(await send("nobody@localhost")).toMatchObject({ kind: "error", condition: "service-unavailable" });
    expect(await send("romeo@localhost", [{ ...STORED[0]!, value: "sometime" } as never])).toMatchObject({
      kind: "refused",
      faults: [{ kind: "invalid-rules", rules: [{ value: "sometime" }] }],
    });
  });
});
