/** Accounts and components of two libraries: messages, presence, requests, and a component that is away. XEP-0114. */
import { afterAll, expect, test } from "bun:test";
import { skipReason, TEST_TOOLS } from "../../../scripts/install_test_tools/test_tool.ts";
import { NS } from "../../../xmpp/ns.ts";
import type { Element } from "../../../xmpp/xml/element.ts";
import { attr, xml } from "../../../xmpp/xml/xml.ts";
import { amp, notice } from "../../conversation/amp.ts";
import { bodyOf, type ComponentDriver, GATEWAY } from "./component_driver.ts";
import { componentStage } from "./component_stage.ts";
import { SlixmppComponent } from "./slixmpp_component.ts";
import { XmppJsComponent } from "./xmpp_js_component.ts";

const BOT = `bot@${GATEWAY}`;
const messagesOnly = { hears: ["message"] } as const;
const is =
  (name: string, type?: string) =>
  ({ name: its, attributes }: Element) =>
    its === name && attributes.type === type;
const rosterPush = (subscription: string, ask = false) => xml`
  <iq type="set"><query xmlns="${NS.ROSTER}"><item jid="${BOT}" subscription="${subscription}"${ask && attr("ask", "subscribe")}/></query></iq>`;
const text = (id: string, body: string) =>
  xml`<message to="${BOT}" id="${id}" type="chat"><body>${body}</body></message>`;

converse("@xmpp/component", () => new XmppJsComponent());
const missing = skipReason(TEST_TOOLS.slixmpp);
if (missing !== undefined) test.skip(`slixmpp ${missing}`, () => {});
else {
  const component = new SlixmppComponent(TEST_TOOLS.slixmpp.find()!);
  afterAll(() => component.stop());
  converse("slixmpp", () => component);
}

function converse(library: string, create: () => ComponentDriver): void {
  const scenario = componentStage();
  const play = (name: string, plot: Parameters<typeof scenario>[1]) => scenario(`${library}: ${name}`, plot);

  play("chat goes both ways", async ({ romeo }, port) => {
    const component = create();
    await component.connects(port);
    await romeo.online(messagesOnly);
    romeo.sends(text("m1", "Hi"));
    const message = await component.hears(is("message", "chat"));
    expect([message.attr("from"), message.attr("to"), bodyOf(message)]).toEqual([romeo.full, BOT, "Hi"]);
    await component.says(`<message from="${BOT}/x" to="${romeo.bare}" id="m2" type="chat"><body>Ho</body></message>`);
    await romeo.receives(
      xml`<message from="${BOT}/x" to="${romeo.bare}" id="m2" type="chat"><body>Ho</body></message>`,
    );
    await component.leaves();
  });

  play("requests go both ways; service discovery lists it while it is there", async ({ romeo, server }, port) => {
    const component = create();
    await component.connects(port);
    await romeo.online(messagesOnly);
    const items = xml`<iq type="get" to="${server.domain}"><query xmlns="${NS.DISCO_ITEMS}"/></iq>`;
    expect((await romeo.asks(items)).toString()).toContain(`jid="${GATEWAY}"`);
    const info = await romeo.asks(xml`<iq type="get" to="${GATEWAY}"><query xmlns="${NS.DISCO_INFO}"/></iq>`);
    expect(info.attr("type")).toBe("result");
    await component.says(
      `<iq type="get" id="q1" from="${BOT}" to="${server.domain}"><query xmlns="${NS.DISCO_INFO}"/></iq>`,
    );
    const answer = await component.hears(({ name, attributes }) => name === "iq" && attributes.id === "q1");
    expect([answer.attr("type"), answer.attr("to")]).toEqual(["result", BOT]);
    await component.leaves();
    await gone(async () => !(await romeo.asks(items)).toString().includes(GATEWAY));
    const late = await romeo.asks(xml`<iq type="get" to="${GATEWAY}"><query xmlns="${NS.DISCO_INFO}"/></iq>`);
    expect(late.toString()).toContain("remote-server-timeout");
  });

  play("a subscription is asked for and granted in both directions, and presence follows", async ({ romeo }, port) => {
    const component = create();
    await component.connects(port);
    await romeo.online();
    romeo.sends(xml`<presence to="${BOT}" type="subscribe"/>`);
    await romeo.receives(rosterPush("none", true));
    expect((await component.hears(is("presence", "subscribe"))).attr("from")).toBe(romeo.bare);
    await component.says(`<presence from="${BOT}" to="${romeo.bare}" type="subscribed"/>`);
    await romeo.receivesBoth(xml`<presence from="${BOT}" type="subscribed"/>`, rosterPush("to"));
    await component.says(`<presence from="${BOT}/x" to="${romeo.bare}"/>`);
    await romeo.receives(xml`<presence from="${BOT}/x" type="{absent}"/>`);
    await component.says(`<presence from="${BOT}" to="${romeo.bare}" type="subscribe"/>`);
    await romeo.receives(xml`<presence from="${BOT}" type="subscribe"/>`);
    romeo.sends(xml`<presence to="${BOT}" type="subscribed"/>`);
    await romeo.receives(rosterPush("both"));
    await component.hears(is("presence", "subscribed"));
    expect((await component.hears(is("presence"))).attr("from")).toBe(romeo.full);
    await component.leaves();
  });

  play("while it is away messages wait, and come in order", async ({ romeo }, port) => {
    const component = create();
    await romeo.online(messagesOnly);
    const bodies = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    for (const body of bodies) romeo.sends(text(body, body));
    await romeo.receivesNothing();
    await component.connects(port);
    expect(await component.hearsBodies(20)).toEqual(bodies);
    await component.leaves();
  });

  play("its connection breaks in the middle: no message is lost, and they keep their order", async (cast, port) => {
    const { romeo } = cast;
    const component = create();
    await component.connects(port);
    await romeo.online(messagesOnly);
    const bodies = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    for (const body of bodies.slice(0, 20)) romeo.sends(text(body, body));
    const before = await component.hearsBodies(3);
    await component.breaks();
    for (const body of bodies.slice(20)) romeo.sends(text(body, body));
    await romeo.receivesNothing();
    await component.connects(port);
    const after: string[] = [];
    while (after.at(-1) !== bodies.at(-1)) after.push(bodyOf(await component.hears(is("message", "chat")))!);
    // Each for the first time.
    expect([...new Set([...before, ...after])]).toEqual(bodies);
    await component.leaves();
  });

  play(
    "XEP-0079 3.3.1: deliver=gateway is told once it has answered what came behind the message",
    async (cast, port) => {
      const { romeo, server } = cast;
      const component = create();
      await romeo.online(messagesOnly);
      const rules = amp("deliver gateway notify");
      romeo.sends(xml`<message to="${BOT}" id="m1" type="chat"><body>Hi</body>${rules}</message>`);
      await romeo.receivesNothing();
      await component.connects(port);
      const message = await component.hears(is("message", "chat"));
      expect(message.toString()).not.toContain(NS.AMP);
      const parties = { domain: server.domain, from: romeo.full, to: BOT };
      await romeo.receivesInTime(notice("deliver gateway notify", parties));
      await component.leaves();
    },
  );

  play("a wrong secret is refused", async (_, port) => {
    const component = create();
    expect(component.connects(port, "no secret of components")).rejects.toThrow();
  });

  play("an address of another domain ends its stream", async ({ romeo, juliet }, port) => {
    const component = create();
    await component.connects(port);
    await romeo.online(messagesOnly);
    await component.says(`<message from="${juliet.bare}" to="${romeo.bare}"><body>Hi</body></message>`);
    await component.isThrownOut();
    await romeo.receivesNothing();
  });
}

async function gone(isGone: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await isGone()); waited += 10) {
    if (waited > 10_000) throw new Error("Cannot see it go: it is still there");
    await Bun.sleep(10);
  }
}
