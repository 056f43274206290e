/** What is told of messages to components: XEP-0079, and outcomes. */
import { expect, test } from "bun:test";
import { loadConfig } from "../../../server/config.ts";
import { createServer } from "../../../server/create_server.ts";
import { NS } from "../../../xmpp/ns.ts";
import { xml } from "../../../xmpp/xml/xml.ts";
import { amp, failure } from "../../conversation/amp.ts";
import { TestServer } from "../../conversation/test_server.ts";
import { componentHeader, handshake } from "../../transport/component/component_end.ts";
import { until } from "../../transport/s2s/link_end.ts";
import { RawPeer } from "../../transport/s2s/raw_peer.ts";
import { GATEWAY, SECRET } from "./component_driver.ts";
import { componentStage } from "./component_stage.ts";
import { XmppJsComponent } from "./xmpp_js_component.ts";

const BOT = `bot@${GATEWAY}`;
const LIMIT_MS = 15_000;
const messagesOnly = { hears: ["message"] } as const;
const scenario = componentStage({ components: { proofSeconds: 1 } });

/** Knows the protocol, and says nothing. */
async function silent(port: number): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  await peer.ask(componentHeader(GATEWAY), "<stream:stream");
  await peer.ask(handshake(peer, SECRET), "<handshake/>");
  return peer;
}

scenario(
  "the outcome of a message is told once the component has answered, not when it was sent",
  async (cast, port) => {
    const { server } = cast;
    let outcome: unknown;
    const sent = server.app.send({ to: BOT, body: "Hi" }, { until: "settled" });
    sent.then((told) => {
      outcome = told;
    });
    const peer = await silent(port);
    // It gets the message, and its stream ends since it answers no ping.
    await until(() => peer.text.includes("<body>Hi</body>"), LIMIT_MS);
    await until(() => peer.isClosed, LIMIT_MS);
    await server.commits();
    expect(outcome).toBeUndefined();
    const component = new XmppJsComponent();
    await component.connects(port);
    expect(await sent).toEqual({ kind: "gateway" });
    expect(await component.hearsBodies(1)).toEqual(["Hi"]);
    await component.leaves();
  },
);

scenario("rules end at a component that tells of none: its sender learns what they say", async (cast, port) => {
  const { romeo, server } = cast;
  const component = new XmppJsComponent();
  await component.connects(port);
  await romeo.online(messagesOnly);
  romeo.sends(xml`<message to="${BOT}" id="m1"><body>Hi</body>${amp("deliver gateway error")}</message>`);
  await romeo.receives(failure("deliver gateway error", { domain: server.domain, from: romeo.full, to: BOT }));
  await component.leaves();
});

scenario("rules go on to a component that processes them, with the addresses of both", async (cast, port) => {
  const { romeo } = cast;
  const component = new XmppJsComponent([NS.AMP]);
  await component.connects(port);
  await romeo.online(messagesOnly);
  const rules = amp("deliver direct alert");
  romeo.sends(xml`<message to="${BOT}" id="m1" type="chat"><body>Hi</body>${rules}</message>`);
  const message = await component.hears(({ name }) => name === "message");
  const carried = message.child("amp", NS.AMP);
  expect([carried?.attr("from"), carried?.attr("to")]).toEqual([romeo.full, BOT]);
  expect(carried?.toString()).toContain('value="direct"');
  await component.leaves();
});

test("messages wait for a component over a restart of the server", async () => {
  const components = { domains: { [GATEWAY]: { secret: SECRET } } };
  const server = await TestServer.start({ domains: ["verona.example"], components, onDisk: true });
  try {
    for (const body of ["one", "two"]) server.app.send({ to: BOT, body }).catch(() => {});
    // The first is durable before it is tried, and the second goes into the same commit or the next.
    await server.log.tells("hop gives no answer", GATEWAY);
    await server.commits();
    await server.restart();
    const component = new XmppJsComponent();
    await component.connects(await server.app.listenForComponents({ port: 0 }));
    const bodies = [await component.hearsBodies(1), await component.hearsBodies(1)];
    expect(bodies.flat()).toEqual(["one", "two"]);
    await component.leaves();
  } finally {
    await server.stop();
  }
}, 20_000);

test("of two processes each has a stream of the component: messages of both reach it", async () => {
  const components = { domains: { [GATEWAY]: { secret: SECRET } } };
  const server = await TestServer.start({ domains: ["verona.example"], components, nodes: 2 });
  try {
    const made = await Promise.all(
      server.apps.map(async (app) => {
        const component = new XmppJsComponent();
        await component.connects(await app.listenForComponents({ port: 0 }));
        return component;
      }),
    );
    const sent = server.apps.map((app, place) => app.send({ to: BOT, body: `from ${place}` }, { until: "settled" }));
    expect(await Promise.all(sent)).toEqual([{ kind: "gateway" }, { kind: "gateway" }]);
    await Promise.all(made.map((component) => component.leaves()));
  } finally {
    await server.stop();
  }
}, 20_000);

test("a component's domain is served by nothing else", () => {
  const components = (domain: string) => ({ domains: { [domain]: { secret: SECRET } } });
  const make = (domain: string) =>
    createServer({
      domains: ["verona.example"],
      store: "sqlite::memory:",
      components: components(domain),
      gateways: { "sms.example": () => "accepted" },
    });
  expect(() => make("verona.example")).toThrow("components.domains");
  expect(() => make("sms.example")).toThrow("components.domains");
  expect(make("gw.verona.example").config.components.domains).toEqual({ "gw.verona.example": { secret: SECRET } });
});

const BAD: readonly (readonly [string, string])[] = [
  ["a short secret", '"gw.example" = { secret = "short" }'],
  ["a secret in place of the table", '"gw.example" = "a secret of components"'],
  ["no secret", '"gw.example" = {}'],
  ["an address", '"a@gw.example" = { secret = "a secret of components" }'],
  ["another key", '"gw.example" = { secret = "a secret of components", port = 1 }'],
];
for (const [what, line] of BAD) {
  test(`components.domains with ${what} is refused, and no secret is shown`, () => {
    const load = () => loadConfig({ file: `[components.domains]\n${line}`, env: {} });
    expect(load).toThrow("components.domains");
    expect(load).not.toThrow("secret of components");
  });
}
