import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { $msg, Strophe } from "strophe.js";
import { createAmp, deliver, forStrophe } from "../../client/mod.ts";
import { provideXmlHttpRequest } from "../../scripts/demo/fetch_xhr.ts";
import { type LiveServer, PASSWORD, startLiveServer } from "./live_server.ts";

const STORED = [deliver("stored", "notify")];
let live: LiveServer;

beforeAll(async () => {
  provideXmlHttpRequest();
  Strophe.setLogLevel(Strophe.LogLevel.FATAL);
  live = await startLiveServer(["juliet", "romeo"]);
});

afterAll(() => live.stop());

const message = (to: string) => $msg({ to, type: "chat" }).c("body").t("hi <&>");

function connect(url: string): Promise<InstanceType<typeof Strophe.Connection>> {
  const connection = new Strophe.Connection(url);
  return new Promise((resolve, reject) => {
    connection.connect("juliet@localhost", PASSWORD, (status: number) => {
      if (status === Strophe.Status.CONNECTED) resolve(connection);
      if (status === Strophe.Status.CONNFAIL || status === Strophe.Status.AUTHFAIL) reject(new Error(`${status}`));
    });
  });
}

describe("forStrophe()", () => {
  test("writes rules into a copy of the message", () => {
    const sent: string[] = [];
    const adapter = forStrophe({
      send: (element) => sent.push(Strophe.serialize(element) ?? ""),
      addHandler: () => {},
      deleteHandler: () => {},
    });
    const original = message("romeo@localhost");
    adapter.send(original as never, "m1", STORED);
    adapter.send(original.tree() as never, "m2", STORED);
    expect(sent[0]).toBe(
      '<message id="m1" to="romeo@localhost" type="chat" xmlns="jabber:client"><body>hi &lt;&amp;&gt;</body>' +
        '<amp xmlns="http://jabber.org/protocol/amp"><rule action="notify" condition="deliver" value="stored"/></amp>' +
        "</message>",
    );
    expect(sent[1]).toBe(sent[0]!.replace("m1", "m2"));
    expect(original.toString()).not.toContain("<amp");
  });

  test.each(["boshUrl", "webSocketUrl"] as const)(
    "tells over a real connection what became of a message: %s",
    async (url) => {
      const connection = await connect(live[url]);
      const amp = createAmp(forStrophe(connection as never), { timeoutMs: 3000 });
      const send = (to: string, rules = STORED) => amp.send(message(to) as never, rules);
      expect(await send("romeo@localhost")).toEqual({ kind: "notified", rule: STORED[0]! });
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
      connection.disconnect();
    },
  );
});
