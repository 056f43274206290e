import { beforeEach, describe, expect, test } from "bun:test";
import { pep } from "../../modules/pep.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { CHAMBER, FakeContext, item, ROMEO } from "./fake_context.ts";
import { fakeDocuments } from "./fake_documents.ts";

const PUBSUB = "http://jabber.org/protocol/pubsub";
const FRIEND = "friend@capulet.lit";
const TUNE = '<tune xmlns="http://jabber.org/protocol/tune"><title>Finzi</title></tune>';

const request = (inner: string, part = "") => `<pubsub xmlns="${PUBSUB}${part}">${inner}</pubsub>`;
const owner = (inner: string) => request(inner, "#owner");
const field = (name: string, ...values: string[]) =>
  `<field var="${name}">${values.map((value) => `<value>${value}</value>`).join("")}</field>`;
const form = (type: string, ...fields: string[]) =>
  `<x xmlns="jabber:x:data" type="submit">${field("FORM_TYPE", `${PUBSUB}#${type}`)}${fields.join("")}</x>`;
const options = (...fields: string[]) => `<publish-options>${form("publish-options", ...fields)}</publish-options>`;
const publish = (node: string, inner = `<item id="i1">${TUNE}</item>`, more = "") =>
  request(`<publish node="${node}">${inner}</publish>${more}`);
const items = (node: string, inner = "", more = "") => request(`<items node="${node}"${more}>${inner}</items>`);
const listed = (node: string, ...children: string[]) => request(`<items node="${node}">${children.join("")}</items>`);
const ITEM = `<item id="i1">${TUNE}</item>`;

let account: FakeContext;
const SET = { type: "set" };

beforeEach(() => {
  account = new FakeContext({
    modules: [pep],
    store: fakeDocuments(),
    roster: [item(FRIEND, { subscription: "from", groups: ["Servants"] })],
  });
});

/** Publishes to a new node with that access model. */
async function given(node: string, model: string, ...more: string[]): Promise<void> {
  const answer = await account.ask(publish(node, ITEM, options(field("pubsub#access_model", model), ...more)), SET);
  expect(answer).not.toStartWith("error");
  account.deeds.length = 0;
}

describe("publishing (XEP-0060 7.1)", () => {
  test("7.1.2 answers with the item's id, and the item can be fetched", async () => {
    expect(await account.ask(publish("tune"), SET)).toBe(request('<publish node="tune"><item id="i1"/></publish>'));
    expect(await account.ask(items("tune"))).toBe(listed("tune", ITEM));
  });

  test("7.1.2 gives an id where there is none", async () => {
    const answer = await account.ask(publish("tune", `<item>${TUNE}</item>`), SET);
    expect(answer).toBe(request('<publish node="tune"><item id="new1"/></publish>'));
  });

  test("7.1.2 one with the same id takes the place of the older", async () => {
    await given("list", "presence", field("pubsub#max_items", "max"));
    await account.ask(publish("list", '<item id="i2"><b xmlns="x:b"/></item>'), SET);
    await account.ask(publish("list", '<item id="i1"><a xmlns="x:a"/></item>'), SET);
    expect(await account.ask(items("list"))).toBe(
      listed("list", '<item id="i2"><b xmlns="x:b"/></item>', '<item id="i1"><a xmlns="x:a"/></item>'),
    );
  });

  test("a node keeps one item where nothing else was asked for", async () => {
    await account.ask(publish("tune"), SET);
    await account.ask(publish("tune", '<item id="i2"><b xmlns="x:b"/></item>'), SET);
    expect(await account.ask(items("tune"))).toBe(listed("tune", '<item id="i2"><b xmlns="x:b"/></item>'));
  });

  test.each([
    ["7.1.3 no node", request(`<publish>${ITEM}</publish>`), "bad-request+nodeid-required modify"],
    ["7.1.3 no item", publish("n", ""), "bad-request+item-required modify"],
    ["7.1.3 two items", publish("n", ITEM + ITEM), "bad-request modify"],
    ["7.1.3 no payload", publish("n", "<item/>"), "bad-request+payload-required modify"],
    ["7.1.3 two payloads", publish("n", `<item>${TUNE}${TUNE}</item>`), "bad-request+invalid-payload modify"],
    [
      "7.1.3 too big",
      publish("n", `<item><a xmlns="x">${"x".repeat(200_000)}</a></item>`),
      "not-acceptable+payload-too-big modify",
    ],
    [
      "7.1.3 too big for one of a thousand",
      publish("n", `<item><a xmlns="x">${"x".repeat(20_000)}</a></item>`, options(field("pubsub#max_items", "max"))),
      "not-acceptable+payload-too-big modify",
    ],
    [
      "XEP-0402 5 too big for one of many that are shown together",
      publish("urn:xmpp:bookmarks:1", `<item><a xmlns="x">${"x".repeat(2000)}</a></item>`),
      "not-acceptable+payload-too-big modify",
    ],
    ["a name too long", publish("n".repeat(1024), ITEM), "not-acceptable modify"],
    [
      "7.1.5 options of another form",
      publish("n", ITEM, `<publish-options>${form("x")}</publish-options>`),
      "bad-request modify",
    ],
    [
      "7.1.5 an unknown option",
      publish("n", ITEM, options(field("pubsub#x", "1"))),
      "conflict+precondition-not-met cancel",
    ],
    [
      "7.1.5 a bad value",
      publish("n", ITEM, options(field("pubsub#max_items", "0"))),
      "conflict+precondition-not-met cancel",
    ],
  ])("%s", async (_clause, stanza, expected) => {
    expect(await account.ask(stanza, SET)).toBe(`error ${expected}`);
    expect(account.done("store").map(([name]) => name)).not.toContain("putPubsubItem");
  });

  test.each([
    [
      "the same",
      [field("pubsub#access_model", "whitelist"), field("pubsub#persist_items", "1")],
      request('<publish node="n"><item id="i1"/></publish>'),
    ],
    ["none", [], request('<publish node="n"><item id="i1"/></publish>')],
    ["another", [field("pubsub#access_model", "open")], "error conflict+precondition-not-met cancel"],
  ])("7.1.5 options for a node that is there: %s", async (_what, fields, expected) => {
    await given("n", "whitelist");
    expect(await account.ask(publish("n", ITEM, options(...fields)), SET)).toBe(expected);
  });

  test.each([
    ["a stranger", ROMEO],
    ["one who may read", `${FRIEND}/x`],
  ])("7.1.3 %s may not publish", async (_who, jid) => {
    await given("n", "open");
    const from = typeof jid === "string" ? Stanza.parse(`<iq from="${jid}"/>`).from! : jid;
    expect(await account.ask(publish("n"), { ...SET, from })).toBe("error forbidden auth");
    expect(await account.ask(publish("new"), { ...SET, from })).toBe("error forbidden auth");
  });

  test("an appointed publisher may", async () => {
    await given("n", "open");
    const appoint = `<affiliations node="n"><affiliation jid="${ROMEO.bare}" affiliation="publisher"/></affiliations>`;
    expect(await account.ask(owner(appoint), SET)).toBe("");
    expect(await account.ask(publish("n"), { ...SET, from: ROMEO })).not.toStartWith("error");
  });

  test("persist_items=false keeps nothing", async () => {
    await given("n", "open", field("pubsub#persist_items", "false"));
    expect(await account.ask(items("n"))).toBe(listed("n"));
  });
});

describe("retrieving (XEP-0060 6.5)", () => {
  beforeEach(async () => {
    await given("n", "open", field("pubsub#max_items", "10"));
    await account.ask(publish("n", '<item id="i2"><b xmlns="x:b"/></item>'), SET);
  });
  const SECOND = '<item id="i2"><b xmlns="x:b"/></item>';

  test.each([
    ["6.5.2 all", items("n"), listed("n", ITEM, SECOND)],
    ["6.5.7 the newest", items("n", "", ' max_items="1"'), listed("n", SECOND)],
    ["6.5.8 one", items("n", '<item id="i1"/>'), listed("n", ITEM)],
    ["6.5.8 those of two that are there", items("n", '<item id="i2"/><item id="x"/>'), listed("n", SECOND)],
    ["6.5.9 none that is there", items("n", '<item id="x"/>'), "error item-not-found cancel"],
    ["6.5.9 an item without id", items("n", "<item/>"), "error bad-request modify"],
    ["6.5.9 a bad max_items", items("n", "", ' max_items="x"'), "error bad-request modify"],
    [
      "6.5.9 more items than may be named",
      items("n", Array.from({ length: 101 }, (_, i) => `<item id="x${i}"/>`).join("")),
      "error not-acceptable modify",
    ],
    ["6.5.9 no node", request("<items/>"), "error bad-request+nodeid-required modify"],
    ["6.5.9 an unknown node", items("x"), "error item-not-found cancel"],
  ])("%s", async (_clause, stanza, expected) => {
    expect(await account.ask(stanza)).toBe(expected);
  });

  test("6.5.4 the most recent ones, where all would be too much for a stream", async () => {
    await given("large", "open", field("pubsub#max_items", "20"));
    const text = "x".repeat(190_000);
    for (let i = 1; i <= 20; i++) {
      await account.ask(publish("large", `<item id="l${i}"><b xmlns="x:b">${text}</b></item>`), SET);
    }
    const ids = [...(await account.ask(items("large"))).matchAll(/<item id="(\w+)"/g)].map(([, id]) => id);
    expect(ids).toEqual(["l11", "l12", "l13", "l14", "l15", "l16", "l17", "l18", "l19", "l20"].slice(-ids.length));
    expect(ids.length).toBeGreaterThan(5);
    expect(ids.length).toBeLessThan(20);
    const all = Array.from({ length: 20 }, (_, i) => `<item id="l${i + 1}"/>`).join("");
    expect((await account.ask(items("large", all))).length).toBeLessThan(2_100_000);
  });

  test.each([
    ["a get without an action", request(""), "error bad-request modify"],
    ["an unknown action", request("<fly/>"), "error feature-not-implemented cancel"],
    ["6.3 subscription options", request('<options node="n"/>'), "error feature-not-implemented+unsupported cancel"],
  ])("%s", async (_clause, stanza, expected) => {
    expect(await account.ask(stanza)).toBe(expected);
  });
});

describe("access models (XEP-0060 4.5)", () => {
  const friend = Stanza.parse(`<iq from="${FRIEND}/x"/>`).from!;
  const OK = listed("n", ITEM);
  test.each([
    ["open", OK, OK],
    ["presence", OK, "error not-authorized+presence-subscription-required auth"],
    ["roster", OK, "error not-authorized+not-in-roster-group auth"],
    ["whitelist", "error not-allowed+closed-node cancel", "error not-allowed+closed-node cancel"],
  ])("%s: owner, friend, stranger", async (model, toFriend, toStranger) => {
    await given("n", model, field("pubsub#roster_groups_allowed", "Servants"));
    expect(await account.ask(items("n"))).toBe(OK);
    expect(await account.ask(items("n"), { from: friend })).toBe(toFriend);
    expect(await account.ask(items("n"), { from: ROMEO })).toBe(toStranger);
  });

  test.each([
    ["member", "whitelist", OK],
    ["publisher", "whitelist", OK],
    ["outcast", "open", "error forbidden auth"],
  ])("an affiliation goes before the model: %s at %s", async (affiliation, model, expected) => {
    await given("n", model);
    const change = `<affiliation jid="${ROMEO}" affiliation="${affiliation}"/>`;
    await account.ask(owner(`<affiliations node="n">${change}</affiliations>`), SET);
    expect(await account.ask(items("n"), { from: ROMEO })).toBe(expected);
  });

  test("an account that is not there has no nodes", async () => {
    const nobody = new FakeContext({ modules: [pep], exists: false, store: fakeDocuments() });
    expect(await nobody.ask(items("n"), { from: ROMEO })).toBe("error item-not-found cancel");
    expect(await nobody.ask(publish("n"), { ...SET, from: ROMEO })).toBe("error forbidden auth");
  });
});

describe("retracting (XEP-0060 7.2)", () => {
  const retract = (node: string, inner = '<item id="i1"/>', more = "") =>
    request(`<retract node="${node}"${more}>${inner}</retract>`);

  test("7.2.2 the item is gone", async () => {
    await given("n", "open");
    expect(await account.ask(retract("n"), SET)).toBe("");
    expect(await account.ask(items("n"))).toBe(listed("n"));
  });

  test.each([
    ["7.2.3 no node", request('<retract><item id="i1"/></retract>'), "bad-request+nodeid-required modify"],
    ["7.2.3 an unknown node", retract("x"), "item-not-found cancel"],
    ["7.2.3 an unknown item", retract("n", '<item id="x"/>'), "item-not-found cancel"],
    ["7.2.3 no item", retract("n", ""), "bad-request+item-required modify"],
    ["7.2.3 no id", retract("n", "<item/>"), "bad-request+item-required modify"],
  ])("%s", async (_clause, stanza, expected) => {
    await given("n", "open");
    expect(await account.ask(stanza, SET)).toBe(`error ${expected}`);
  });

  test("7.2.3 not by a stranger", async () => {
    await given("n", "open");
    expect(await account.ask(retract("n"), { ...SET, from: ROMEO })).toBe("error forbidden auth");
  });
});

describe("the owner's work (XEP-0060 8)", () => {
  const configure = (...fields: string[]) => owner(`<configure node="n">${form("node_config", ...fields)}</configure>`);

  test.each([
    ["8.1.2 a node", request('<create node="new"/>'), ""],
    ["8.1.2 an instant node", request("<create/>"), request('<create node="new1"/>')],
    [
      "8.1.3 with a configuration",
      request(`<create node="new"/><configure>${form("node_config", field("pubsub#title", "T"))}</configure>`),
      "",
    ],
    ["8.1.2 one that is there", request('<create node="n"/>'), "error conflict cancel"],
    [
      "8.1.3 with a bad configuration",
      request(`<create node="new"/><configure>${form("node_config", field("pubsub#access_model", "x"))}</configure>`),
      "error not-acceptable modify",
    ],
    ["8.2.4 configured", configure(field("pubsub#title", "T")), ""],
    ["8.2.4 a bad value", configure(field("pubsub#access_model", "authorize")), "error not-acceptable modify"],
    [
      "8.2.4 a bad form",
      owner('<configure node="n"><x xmlns="jabber:x:data" type="submit"/></configure>'),
      "error bad-request modify",
    ],
    ["8.2.4 an unknown node", owner('<configure node="x"/>'), "error item-not-found cancel"],
    ["8.4 deleted", owner('<delete node="n"/>'), ""],
    ["8.4.3 an unknown node", owner('<delete node="x"/>'), "error item-not-found cancel"],
    ["8.5 purged", owner('<purge node="n"/>'), ""],
    ["8.5.3 an unknown node", owner('<purge node="x"/>'), "error item-not-found cancel"],
    [
      "8.9.2 a bad affiliation",
      owner('<affiliations node="n"><affiliation jid="a@b" affiliation="king"/></affiliations>'),
      "error not-acceptable modify",
    ],
    [
      "8.9.2 of the owner",
      owner('<affiliations node="n"><affiliation jid="juliet@capulet.lit" affiliation="none"/></affiliations>'),
      "error not-acceptable modify",
    ],
    [
      "8.9.2 a bad JID",
      owner('<affiliations node="n"><affiliation jid="@" affiliation="member"/></affiliations>'),
      "error bad-request modify",
    ],
    [
      "8.8.2 a subscription begun",
      owner('<subscriptions node="n"><subscription jid="a@b" subscription="subscribed"/></subscriptions>'),
      "error not-acceptable modify",
    ],
  ])("%s", async (_clause, stanza, expected) => {
    await given("n", "open");
    expect(await account.ask(stanza, SET)).toBe(expected);
  });

  test.each([
    ["set", request('<create node="new"/>')],
    ["get", owner('<configure node="n"/>')],
    ["set", configure(field("pubsub#title", "T"))],
    ["set", owner('<delete node="n"/>')],
    ["set", owner('<purge node="n"/>')],
    ["get", owner('<affiliations node="n"/>')],
    ["get", owner('<subscriptions node="n"/>')],
  ])("is forbidden to a stranger: %s %s", async (type, stanza) => {
    await given("n", "open");
    expect(await account.ask(stanza, { type, from: ROMEO })).toBe("error forbidden auth");
    expect(account.deeds).toEqual([]);
  });

  test("8.2.1 the form shows the configuration", async () => {
    await given("n", "whitelist", field("pubsub#max_items", "max"));
    const answer = await account.ask(owner('<configure node="n"/>'));
    expect(answer).toContain(
      'var="pubsub#access_model" type="list-single"><value>whitelist</value><option><value>open</value>',
    );
    expect(answer).toContain('<field var="pubsub#max_items" type="text-single"><value>max</value></field>');
    expect(await account.ask(owner("<default/>"))).toContain("<value>presence</value>");
  });

  test("8.2.4 what is configured is kept; a cancelled form changes nothing", async () => {
    await given("n", "open");
    await account.ask(configure(field("pubsub#access_model", "whitelist")), SET);
    await account.ask(owner('<configure node="n"><x xmlns="jabber:x:data" type="cancel"/></configure>'), SET);
    expect(await account.ask(items("n"), { from: ROMEO })).toBe("error not-allowed+closed-node cancel");
  });

  test("8.4 and 8.5 take the items along", async () => {
    await given("n", "open");
    await account.ask(owner('<purge node="n"/>'), SET);
    expect(await account.ask(items("n"))).toBe(listed("n"));
    await account.ask(owner('<delete node="n"/>'), SET);
    expect(await account.ask(items("n"))).toBe("error item-not-found cancel");
  });
});

describe("explicit subscriptions (XEP-0060 6.1, 6.2)", () => {
  const subscribe = (jid: string) => request(`<subscribe node="n" jid="${jid}"/>`);
  const unsubscribe = (jid: string) => request(`<unsubscribe node="n" jid="${jid}"/>`);
  const asRomeo = { ...SET, from: ROMEO };
  const one = '<subscription node="n" jid="romeo@montague.lit" subscription="subscribed"/>';

  test("6.1 subscribed, sent the last item, told of the next, and of none after 6.2", async () => {
    await given("n", "open");
    expect(await account.ask(subscribe("romeo@montague.lit"), asRomeo)).toBe(request(one));
    await account.ask(publish("n"), SET);
    await account.ask(unsubscribe("romeo@montague.lit"), asRomeo);
    await account.ask(publish("n"), SET);
    const event = `<event xmlns="${PUBSUB}#event"><items node="n">${ITEM}</items></event>`;
    const message = (id: string, content: string) =>
      `<message xmlns="jabber:client" from="juliet@capulet.lit" to="romeo@montague.lit" id="${id}" type="headline">${content}</message>`;
    expect(account.done("route")).toEqual([
      [message("new1", `${event}<delay xmlns="urn:xmpp:delay" stamp="2026-11-22T14:00:00.000Z"/>`)],
      [message("new2", event)],
    ]);
  });

  test("nobody takes the room of all others by many resources", async () => {
    await given("n", "open");
    const answers: string[] = [];
    for (let i = 0; i < 25; i++) answers.push(await account.ask(subscribe(`romeo@montague.lit/r${i}`), asRomeo));
    expect(answers.filter((answer) => !answer.startsWith("error"))).toHaveLength(20);
    expect(answers.at(-1)).toBe("error policy-violation modify");
  });

  test("5.6, 5.7 and 8.8 tell who is subscribed and affiliated", async () => {
    await given("n", "open");
    await account.ask(subscribe("romeo@montague.lit"), asRomeo);
    expect(await account.ask(request("<subscriptions/>"), { from: ROMEO })).toBe(
      request(`<subscriptions>${one}</subscriptions>`),
    );
    expect(await account.ask(request("<subscriptions/>"))).toBe(request("<subscriptions></subscriptions>"));
    expect(await account.ask(request("<affiliations/>"))).toBe(
      request('<affiliations><affiliation node="n" affiliation="owner"/></affiliations>'),
    );
    expect(await account.ask(owner('<subscriptions node="n"/>'))).toContain(`jid="romeo@montague.lit"`);
    const end = '<subscription jid="romeo@montague.lit" subscription="none"/>';
    await account.ask(owner(`<subscriptions node="n">${end}</subscriptions>`), SET);
    expect(await account.ask(request("<subscriptions/>"), { from: ROMEO })).toBe(
      request("<subscriptions></subscriptions>"),
    );
  });

  test.each([
    ["6.1.3 somebody else", subscribe("other@montague.lit"), "error bad-request+invalid-jid modify"],
    ["6.1.3 no JID", request('<subscribe node="n"/>'), "error bad-request+invalid-jid modify"],
    ["6.1.3 an unknown node", request('<subscribe node="x" jid="romeo@montague.lit"/>'), "error item-not-found cancel"],
    ["6.2.3 not subscribed", unsubscribe("romeo@montague.lit"), "error unexpected-request+not-subscribed wait"],
  ])("%s", async (_clause, stanza, expected) => {
    await given("n", "open");
    expect(await account.ask(stanza, asRomeo)).toBe(expected);
  });

  test("6.1.3 where the presence may not be seen", async () => {
    await given("n", "presence");
    const answer = await account.ask(subscribe("romeo@montague.lit"), asRomeo);
    expect(answer).toBe("error not-authorized+presence-subscription-required auth");
  });

  test("XEP-0163 6.1 the end of a presence subscription ends them", async () => {
    await given("n", "presence");
    const friend = Stanza.parse(`<iq from="${FRIEND}/x"/>`).from!;
    await account.ask(request(`<subscribe node="n" jid="${FRIEND}"/>`), { ...SET, from: friend });
    await pep.hooks!.subscription!({ contact: friend.bare, from: false }, account);
    expect(await account.ask(owner('<subscriptions node="n"/>'))).not.toContain(FRIEND);
  });
});

test("the nodes survive the account's actor", async () => {
  const store = fakeDocuments();
  const before = new FakeContext({ modules: [pep], store });
  await before.ask(publish("n", ITEM, options(field("pubsub#access_model", "open"))), SET);
  const after = new FakeContext({ modules: [pep], store });
  expect(await after.ask(items("n"), { from: ROMEO })).toBe(listed("n", ITEM));
  expect(CHAMBER.bare.equals(after.owner)).toBe(true);
});
