import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Client, client, xml } from "@xmpp/client";
import { createClient } from "stanza";
import { $iq, Strophe } from "strophe.js";
import {
  createTimelines,
  type MessageStep,
  type TimelineAdapter,
  timelinesOfStanza,
  timelinesOfStrophe,
  timelinesOfXmppClient,
} from "../../client/mod.ts";
import { readTimeline } from "../../client/read_timeline.ts";
import type { ReplyElement } from "../../client/reply_element.ts";
import { provideXmlHttpRequest } from "../../scripts/demo/fetch_xhr.ts";
import { type LiveServer, PASSWORD, startLiveServer } from "./live_server.ts";

let live: LiveServer;
let juliet: Client;
const AMP = "http://jabber.org/protocol/amp";

beforeAll(async () => {
  live = await startLiveServer(["juliet", "romeo", "nurse"], { outcomes: { track: "all" } });
  juliet = await login("juliet");
});

afterAll(async () => {
  await juliet.stop();
  await live.stop();
});

async function login(username: string): Promise<Client> {
  const xmpp = client({ service: live.webSocketUrl, domain: "localhost", username, password: PASSWORD });
  xmpp.reconnect.stop();
  await xmpp.start();
  return xmpp;
}

const message = (to: string, id: string) =>
  xml("message", { to, id, type: "chat" }, xml("body", {}, "hi"), xml("amp", { xmlns: AMP }, rule()));
const rule = () => xml("rule", { condition: "deliver", value: "stored", action: "notify" });

test("a message is followed from its storage to the device that has it", async () => {
  const timelines = createTimelines(timelinesOfXmppClient(juliet, xml));
  await juliet.send(message("romeo@localhost", "m1"));
  const steps: MessageStep[] = [];
  let romeo: Client | undefined;
  for await (const step of timelines.follow({ stanza: "m1", to: "romeo@localhost" })) {
    steps.push(step);
    if (step.kind !== "stored") continue;
    romeo = await login("romeo");
    await romeo.send(xml("presence"));
  }
  const kinds = steps.map(({ kind }) => kind);
  expect(kinds).toEqual(expect.arrayContaining(["accepted", "stored", "reported", "offered", "proved", "settled"]));
  expect(kinds.indexOf("stored")).toBeLessThan(kinds.indexOf("proved"));
  expect(steps.at(-1)?.outcome?.kind).toBe("direct");
  expect(steps.find(({ kind }) => kind === "reported")?.rule).toEqual({
    condition: "deliver",
    value: "stored",
    action: "notify",
  });
  expect(steps.find(({ kind }) => kind === "proved")?.by).toBe("sm-ack");
  await romeo?.stop();
});

test("what the server keeps nothing of is told at once by get(), and by follow() after a while", async () => {
  const timelines = createTimelines(timelinesOfXmppClient(juliet, xml));
  expect(await timelines.get({ id: "x" })).toBeUndefined();
  const follower = createTimelines({ ask: async () => undefined }).follow({ id: "x" });
  const failure = await follower.next().then(String, String);
  expect(failure).toBe("Error: Cannot follow message: the server keeps no timeline of it");
}, 10_000);

test("following ends with its signal", async () => {
  const timelines = createTimelines(timelinesOfXmppClient(juliet, xml));
  await juliet.send(message("nurse@localhost", "m2"));
  const ending = new AbortController();
  const kinds: string[] = [];
  for await (const { kind } of timelines.follow({ stanza: "m2", to: "nurse@localhost" }, { signal: ending.signal })) {
    kinds.push(kind);
    if (kinds.includes("stored")) ending.abort();
  }
  expect(kinds).not.toContain("settled");
  expect(kinds.at(-1)).toBe("stored");
});

describe("timelines by other libraries", () => {
  const told = async (adapter: TimelineAdapter) => {
    const timelines = createTimelines(adapter);
    const timeline = await timelines.get({ stanza: "m3", to: "nurse@localhost" });
    expect(timeline).toMatchObject({ stanza: "m3", to: "nurse@localhost", isPartial: false, outcome: undefined });
    expect(timeline?.steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["accepted", "stored"]));
    expect(await timelines.get({ id: timeline!.id })).toEqual(timeline);
    expect(await timelines.get({ id: "x" })).toBeUndefined();
    expect(await timelines.get({ id: "" }).then(String, String)).toContain("bad-request");
  };

  beforeAll(async () => {
    await juliet.send(message("nurse@localhost", "m3"));
    const timelines = createTimelines(timelinesOfXmppClient(juliet, xml));
    for await (const { kind } of timelines.follow({ stanza: "m3", to: "nurse@localhost" }))
      if (kind === "stored") break;
  });

  test("@xmpp/client", () => told(timelinesOfXmppClient(juliet, xml)));

  test("strophe.js", async () => {
    provideXmlHttpRequest();
    Strophe.setLogLevel(Strophe.LogLevel.FATAL);
    const connection = new Strophe.Connection(live.boshUrl);
    await new Promise<void>((resolve) => {
      connection.connect("juliet@localhost", PASSWORD, (status: number) => {
        if (status === Strophe.Status.CONNECTED) resolve();
      });
    });
    await told(timelinesOfStrophe(connection, $iq));
    connection.disconnect("");
  });

  test("stanza", async () => {
    const agent = createClient({
      jid: "juliet@localhost",
      password: PASSWORD,
      transports: { websocket: live.webSocketUrl, bosh: false },
      autoReconnect: false,
    });
    const started = new Promise((resolve) => agent.on("session:started", resolve));
    agent.connect();
    await started;
    await told(timelinesOfStanza(agent));
    await agent.disconnect();
  });
});

test("readTimeline() reads every member of a step", () => {
  const element = (name: string, attributes = {}, children: readonly ReplyElement[] = [], text = ""): ReplyElement => ({
    name,
    ns: "urn:ampact:outcomes:0",
    attributes,
    children,
    text,
  });
  const at = "2026-11-22T14:00:00.000Z";
  const rule = { condition: "deliver", value: "direct", action: "drop" };
  const steps = [
    element("step", { kind: "offered", at }, [element("resource", {}, [], "a"), element("resource", {}, [], "b")]),
    element("step", { kind: "handed", at, to: "sms", attempt: "2", answer: "taken" }),
    element("step", { kind: "settled", at, outcome: "dropped" }, [element("rule", rule)]),
  ];
  const read = readTimeline(element("timeline", { id: "t", to: "a@b", at, partial: "true" }, steps));
  const date = new Date(at);
  const outcome = { kind: "dropped", rule } as const;
  expect(read).toEqual({
    id: "t",
    stanza: undefined,
    to: "a@b",
    at: date,
    isPartial: true,
    outcome,
    steps: [
      { kind: "offered", at: date, resources: ["a", "b"] },
      { kind: "handed", at: date, to: "sms", attempt: 2, answer: "taken" },
      { kind: "settled", at: date, outcome },
    ],
  });
});
