import { beforeEach, describe, expect, test } from "bun:test";
import { capsHash } from "../../../modules/caps/caps_hash.ts";
import type { Effect } from "../../../modules/module.ts";
import { pep } from "../../../modules/pep.ts";
import { Jid } from "../../../xmpp/jid.ts";
import { Stanza } from "../../../xmpp/stanza.ts";
import { Element } from "../../../xmpp/xml/element.ts";
import { BALCONY, CHAMBER, FakeContext, item, resource } from "../fake_context.ts";
import { fakeDocuments } from "../fake_documents.ts";

const NURSE = Jid.parse("nurse@capulet.lit/kitchen");
const INFO =
  '<query xmlns="http://jabber.org/protocol/disco#info"><identity category="client" type="pc"/><feature var="tune+notify"/></query>';
const VER = capsHash(Element.parse(INFO));
const caps = (ver = VER) => `<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="urn:client" ver="${ver}"/>`;
const TUNE = '<tune xmlns="x:tune"/>';
const EVENT = `<event xmlns="http://jabber.org/protocol/pubsub#event"><items node="tune"><item id="i1">${TUNE}</item></items></event>`;
const DELAY = '<delay xmlns="urn:xmpp:delay" stamp="2026-11-22T14:00:00.000Z"/>';

/** Makes the node readable for everybody. */
const OPEN =
  '<pubsub xmlns="http://jabber.org/protocol/pubsub"><create node="tune"/><configure><x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>http://jabber.org/protocol/pubsub#node_config</value></field><field var="pubsub#access_model"><value>open</value></field></x></configure></pubsub>';

let account: FakeContext;

beforeEach(() => {
  account = new FakeContext({
    modules: [pep],
    store: fakeDocuments(),
    roster: [item("nurse@capulet.lit", { subscription: "both" }), item("paris@capulet.lit", { subscription: "to" })],
    resources: [resource(CHAMBER, { presence: caps() }), resource(BALCONY)],
  });
});

const publish = () =>
  account.ask(
    `<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="tune"><item id="i1">${TUNE}</item></publish></pubsub>`,
    { type: "set" },
  );

const own = (view = account.resources[0]!) =>
  pep.hooks!.presence!({ resource: view, initial: true, stanza: view.presence! }, account);

const arrives = (from: Jid, inner = caps(), type = "") =>
  pep.hooks!.incomingPresence!(Stanza.parse(`<presence from="${from}"${type}>${inner}</presence>`), account);

const answers = (from: Jid, id: string, inner = INFO, type = "result") =>
  pep.hooks!.iqAnswer!(
    Stanza.parse(`<iq from="${from}" to="${account.owner}" id="${id}" type="${type}">${inner}</iq>`),
    account,
  );

/** Where each effect goes, and its content. */
async function lines(effects: readonly Effect[] | Promise<readonly Effect[]>): Promise<string[]> {
  return (await effects).map((effect) => {
    const { stanza } = effect;
    return `${effect.kind === "resource" ? effect.resource : stanza.to} ${stanza.name} ${stanza.id} ${stanza.inner}`;
  });
}

/** Other accounts of the server, with an item that the client of Juliet's wants. */
function friends(count: number): Promise<FakeContext[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const other = new FakeContext({
        modules: [pep],
        store: fakeDocuments(),
        owner: Jid.parse(`friend${at}@capulet.lit`),
        roster: [item("juliet@capulet.lit", { subscription: "both" })],
      });
      Object.assign(other, { serverMemory: account.serverMemory });
      await other.ask(
        `<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="tune"><item id="i1">${TUNE}</item></publish></pubsub>`,
        { type: "set", from: other.owner.withResource("desk") },
      );
      return other;
    }),
  );
}

/** They see that client while a question is out. */
async function allWait(others: readonly FakeContext[]): Promise<void> {
  const presence = Stanza.parse(`<presence from="${CHAMBER}">${caps()}</presence>`);
  for (const other of others) expect(await pep.hooks!.incomingPresence!(presence, other)).toEqual([]);
  for (const other of others) other.deeds.length = 0;
}

const question = (to: string, id: string, ver = VER) =>
  `${to} iq ${id} <query xmlns="http://jabber.org/protocol/disco#info" node="urn:client#${ver}"></query>`;

describe("learning what a resource wants (XEP-0115 6.2)", () => {
  test("an unknown client is asked, by the account", async () => {
    expect(await lines(own())).toEqual([question("chamber", "new1").replace("></query>", "/>")]);
    // One question at a time for each hash: its answer is told to all who wait.
    expect(await lines(arrives(NURSE))).toEqual([]);
  });

  test("thirty accounts ask one question, and all hear its answer", async () => {
    await publish();
    const others = await friends(30);
    const asked = await lines(own());
    expect(asked).toHaveLength(1);
    await allWait(others);
    await answers(CHAMBER, "new1");
    await new Promise((resolve) => setImmediate(resolve));
    for (const other of others) expect(other.done("route").join(" ")).toContain(`to="${CHAMBER}"`);
  });

  test("where the client that was asked answers with an error, the next account asks for all that wait", async () => {
    await own();
    const others = await friends(3);
    await allWait(others);
    await answers(CHAMBER, "new1", "", "error");
    const asked = others.filter((other) => other.done("route").length > 0);
    expect(asked).toHaveLength(1);
    const [text] = asked[0]!.done("route")[0]!;
    const { id } = Stanza.parse(String(text));
    const told = Stanza.parse(`<iq from="${CHAMBER}" to="${asked[0]!.owner}" id="${id}" type="result">${INFO}</iq>`);
    for (const other of others) other.deeds.length = 0;
    await pep.hooks!.iqAnswer!(told, asked[0]!);
    await new Promise((resolve) => setImmediate(resolve));
    for (const other of others)
      if (other !== asked[0]) expect(other.done("route").join(" ")).toContain(`to="${CHAMBER}"`);
  });

  test("where the next account may not see the client any more, the one after it asks at once", async () => {
    await own();
    const others = await friends(3);
    await allWait(others);
    others[0]!.roster.set("juliet@capulet.lit", item("juliet@capulet.lit", { subscription: "to" }));
    await answers(CHAMBER, "new1", "", "error");
    expect(others.map((other) => other.done("route").length)).toEqual([0, 1, 0]);
  });

  test("where nobody who waits may see the client any more, the next that comes asks", async () => {
    await own();
    const others = await friends(2);
    await allWait(others.slice(0, 1));
    others[0]!.roster.clear();
    await answers(CHAMBER, "new1", "", "error");
    const presence = Stanza.parse(`<presence from="${CHAMBER}">${caps()}</presence>`);
    expect(await pep.hooks!.incomingPresence!(presence, others[1]!)).toHaveLength(1);
  });

  test("where the client that was asked answers with an error, the same account asks its next", async () => {
    await own();
    await arrives(NURSE);
    account.deeds.length = 0;
    await answers(CHAMBER, "new1", "", "error");
    await new Promise((resolve) => setImmediate(resolve));
    expect(account.done("route").join(" ")).toContain(`to="${NURSE}"`);
  });

  test("the answer brings the last item of the nodes that it wants (XEP-0163 4.3.3)", async () => {
    await publish();
    await own();
    expect(await lines(answers(CHAMBER, "new1"))).toEqual([`chamber message new2 ${EVENT}${DELAY}`]);
    // The hash is proved: the next with the same client is not asked any more.
    expect(await lines(arrives(NURSE))).toEqual([`${NURSE} message new3 ${EVENT}${DELAY}`]);
  });

  test.each([
    ["somebody else's", NURSE, "new1", INFO, "result"],
    ["one to no question", CHAMBER, "new7", INFO, "result"],
    ["an error", CHAMBER, "new1", "", "error"],
  ])("an answer that is none: %s", async (_what, from, id, inner, type) => {
    await publish();
    await own();
    expect(await lines(answers(from, id, inner, type))).toEqual([]);
    await publish();
    expect(account.done("toResource")).toEqual([]);
  });

  test("what another account has proved since holds for a client that answers this account nothing", async () => {
    const asked = (await arrives(NURSE))[0]!.stanza;
    expect(asked.to!.text).toBe(NURSE.text);
    account.deeds.length = 0;
    await publish();
    expect(account.done("route").join(" ")).not.toContain("tune");
    // Another account of the server shares what is learnt.
    const other = new FakeContext({
      modules: [pep],
      store: fakeDocuments(),
      roster: [item("nurse@capulet.lit", { subscription: "both" })],
    });
    // The first question has been out for too long to keep others from asking.
    Object.assign(other, { serverMemory: account.serverMemory, now: () => account.now() + 20_000 });
    const incoming = Stanza.parse(`<presence from="${NURSE}">${caps()}</presence>`);
    const question = (await pep.hooks!.incomingPresence!(incoming, other))[0]!.stanza;
    const told = Stanza.parse(`<iq from="${NURSE}" to="${other.owner}" id="${question.id}" type="result">${INFO}</iq>`);
    await pep.hooks!.iqAnswer!(told, other);
    account.deeds.length = 0;
    await publish();
    expect(account.done("route").join(" ")).toContain(`to="${NURSE}"`);
  });

  test("an answer against its hash holds for that resource alone (XEP-0115 5.4)", async () => {
    await publish();
    await arrives(NURSE, caps("wrong"));
    expect(await lines(answers(NURSE, "new1"))).toEqual([`${NURSE} message new2 ${EVENT}${DELAY}`]);
    const [asked] = await lines(arrives(Jid.parse("nurse@capulet.lit/cellar"), caps("wrong")));
    expect(asked).toStartWith("nurse@capulet.lit/cellar iq");
  });

  test.each([
    ["joins it to another feature", '<feature var="tune+notify&lt;urn:b"/>', ["tune+notify", "urn:b"]],
    [
      "tells it as a form",
      '<x xmlns="jabber:x:data"><field type="hidden" var="FORM_TYPE"><value>tune+notify</value></field></x>',
      ["tune+notify"],
    ],
  ])("a contact who %s takes no interest away from that client", async (_how, told, features) => {
    const info = (inner: string) =>
      `<query xmlns="http://jabber.org/protocol/disco#info"><identity category="client" type="pc"/>${inner}</query>`;
    const honest = info(features.map((name) => `<feature var="${name}"/>`).join(""));
    const ver = capsHash(Element.parse(honest));
    await publish();
    await arrives(NURSE, caps(ver));
    await answers(NURSE, "new1", info(told));
    account.resources[0] = resource(CHAMBER, { presence: caps(ver) });
    const first = await lines(own());
    const asked = /^chamber iq (\S+)/.exec(first[0]!)?.[1];
    const heard = asked === undefined ? first : await lines(answers(CHAMBER, asked, honest));
    expect(heard.filter((line) => line.startsWith("chamber message"))).toHaveLength(1);
  });

  test("who may not see the presence is not asked before he may: a question tells that somebody is there", async () => {
    const paris = Jid.parse("paris@capulet.lit/hall");
    await publish();
    expect(await lines(arrives(paris))).toEqual([]);
    account.roster.set("paris@capulet.lit", item("paris@capulet.lit", { subscription: "both" }));
    const effects = await pep.hooks!.subscription!({ contact: paris.bare, from: true }, account);
    expect(await lines(effects)).toEqual([question(paris.text, "new1").replace("></query>", "/>")]);
    expect(await lines(answers(paris, "new1"))).toEqual([`${paris} message new2 ${EVENT}${DELAY}`]);
  });

  test("without capabilities nothing is asked and nothing sent", async () => {
    await publish();
    expect(await lines(arrives(NURSE, ""))).toEqual([]);
  });
});

describe("notifying (XEP-0163 4.3)", () => {
  beforeEach(async () => {
    await own();
    await answers(CHAMBER, "new1");
    await arrives(NURSE);
    account.deeds.length = 0;
  });

  const told = () => [
    ...account.done("toResource").map(([name]) => name),
    ...account.done("route").map(([text]) => /to="([^"]*)"/.exec(String(text))?.[1]),
  ];

  test("goes to the own resources and those of contacts that want it, each once", async () => {
    await publish();
    expect(told()).toEqual(["chamber", NURSE.text]);
    const stanza = Stanza.parse(String(account.done("route")[0]![0]));
    expect([String(stanza.from), stanza.type, stanza.inner]).toEqual(["juliet@capulet.lit", "headline", EVENT]);
  });

  test("not to who has gone", async () => {
    await arrives(NURSE, "", ' type="unavailable"');
    account.resources[0] = resource(CHAMBER, { available: false });
    await publish();
    expect(told()).toEqual([]);
  });

  test("not to who is blocked", async () => {
    account.blocked.add("nurse@capulet.lit");
    await publish();
    expect(told()).toEqual(["chamber"]);
  });

  test("not to who may not see the presence, until he may (subscription hook)", async () => {
    const paris = Jid.parse("paris@capulet.lit/hall");
    expect(await lines(arrives(paris))).toEqual([]);
    await publish();
    expect(told()).toEqual(["chamber", NURSE.text]);
    account.roster.set("paris@capulet.lit", item("paris@capulet.lit", { subscription: "both" }));
    const effects = await pep.hooks!.subscription!({ contact: paris.bare, from: true }, account);
    expect(await lines(effects)).toEqual([`${paris} message new4 ${EVENT}${DELAY}`]);
  });

  test("not even of an open node to who may not see the presence", async () => {
    await account.ask(OPEN, { type: "set" });
    const paris = Jid.parse("paris@capulet.lit/hall");
    expect(await lines(arrives(paris))).toEqual([]);
    await publish();
    expect(told()).toEqual(["chamber", NURSE.text]);
  });

  test("not to who is in no roster, whatever he wants", async () => {
    expect(await lines(arrives(Jid.parse("tybalt@capulet.lit/street")))).toEqual([]);
    await publish();
    expect(told()).toEqual(["chamber", NURSE.text]);
  });

  test("a later presence of the same client brings nothing again (XEP-0163 4.3.3)", async () => {
    await publish();
    expect(await lines(arrives(NURSE, `<show>away</show>${caps()}`))).toEqual([]);
  });

  test("after it was away, it does", async () => {
    await publish();
    await arrives(NURSE, "", ' type="unavailable"');
    expect(await lines(arrives(NURSE))).toHaveLength(1);
  });

  test("of a retraction, a purge, the end of the node", async () => {
    await publish();
    account.deeds.length = 0;
    const owner = (inner: string) => `<pubsub xmlns="http://jabber.org/protocol/pubsub#owner">${inner}</pubsub>`;
    const retract =
      '<pubsub xmlns="http://jabber.org/protocol/pubsub"><retract node="tune"><item id="i1"/></retract></pubsub>';
    for (const request of [retract, owner('<purge node="tune"/>'), owner('<delete node="tune"/>')]) {
      await account.ask(request, { type: "set" });
    }
    const contents = account.done("route").map(([text]) => /#event">(.*)<\/event>/.exec(String(text))?.[1]);
    expect(contents).toEqual([
      '<items node="tune"><retract id="i1"/></items>',
      '<purge node="tune"/>',
      '<delete node="tune"/>',
    ]);
  });
});
