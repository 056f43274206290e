import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Client, client, xml } from "@xmpp/client";
import { createAmp, deliver, forXmppClient } from "../../client/mod.ts";
import { type LiveServer, PASSWORD, startLiveServer } from "./live_server.ts";

let live: LiveServer;
let juliet: Client;

beforeAll(async () => {
  live = await startLiveServer(["juliet", "romeo"]);
  juliet = client({ service: live.webSocketUrl, domain: "localhost", username: "juliet", password: PASSWORD });
  juliet.reconnect.stop();
  await juliet.start();
});

afterAll(async () => {
  await juliet.stop();
  await live.stop();
});

const message = (to: string) => xml("message", { to, type: "chat" }, xml("body", {}, "hi <&>"));

describe("forXmppClient()", () => {
  test("writes rules into a copy of the message", async () => {
    const sent: string[] = [];
    const adapter = forXmppClient({
      send: async (element: { toString(): string }) => sent.push(element.toString()),
      on: () => {},
      removeListener: () => {},
    });
    const original = message("romeo@localhost");
    await adapter.send(original, "m1", [deliver("stored", "notify"), deliver("none", "drop")]);
    expect(sent).toEqual([
      '<message to="romeo@localhost" type="chat" id="m1"><body>hi &lt;&amp;&gt;</body>' +
        '<amp xmlns="http://jabber.org/protocol/amp"><rule condition="deliver" value="stored" action="notify"/>' +
        '<rule condition="deliver" value="none" action="drop"/></amp></message>',
    ]);
    expect(original.attrs.id).toBeUndefined();
    expect(original.getChild("amp")).toBeUndefined();
  });

  test("tells over a real connection what became of a message", async () => {
    const amp = createAmp(forXmppClient(juliet), { timeoutMs: 3000 });
    expect(await amp.send(message("romeo@localhost"), [deliver("stored", "notify")])).toEqual({
      kind: "notified",
      rule: deliver("stored", "notify"),
    });
    expect(await amp.send(message("romeo@localhost"), [deliver("stored", "alert")])).toMatchObject({ kind: "alert" });
    expect(await amp.send(message("romeo@localhost"), [deliver("stored", "error")])).toMatchObject({
      kind: "error",
      rules: [deliver("stored", "error")],
    });
    expect(await amp.send(message("nobody@localhost"), [deliver("stored", "notify")])).toMatchObject({
      kind: "error",
      condition: "service-unavailable",
      rules: [],
    });
    const rule = { ...deliver("stored", "notify"), value: "sometime" } as never;
    expect(await amp.send(message("romeo@localhost"), [rule])).toMatchObject({
      kind: "refused",
      faults: [{ kind: "invalid-rules", rules: [{ value: "sometime" }] }],
    });
  });
});
