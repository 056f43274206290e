import { describe, expect, test } from "bun:test";
import { capsHash } from "../../modules/caps/caps_hash.ts";
import { caps } from "../../modules/caps.ts";
import { contactAddresses } from "../../modules/contact_addresses.ts";
import { disco } from "../../modules/disco.ts";
import { modules } from "../../modules/mod.ts";
import type { ServerModule } from "../../modules/module.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { FakeContext, type FakeOptions, item, ROMEO } from "./fake_context.ts";
import { fakeDocuments } from "./fake_documents.ts";

const extra: ServerModule = {
  name: "extra",
  xeps: [],
  features: ({ offline }) => (offline ? ["msgoffline", "urn:a"] : ["urn:a"]),
  accountFeatures: ["urn:b"],
  accountIdentities: [{ category: "pubsub", type: "pep" }],
  nodes: { "urn:node": ["urn:n2", "urn:n1"] },
  items: () => [{ jid: "rooms.capulet.lit", name: "Rooms" }],
};

const INFO = 'xmlns="http://jabber.org/protocol/disco#info"';
const ITEMS = 'xmlns="http://jabber.org/protocol/disco#items"';
const DISCO =
  '<feature var="http://jabber.org/protocol/disco#info"/><feature var="http://jabber.org/protocol/disco#items"/>';

function server(options: FakeOptions = {}): FakeContext {
  return new FakeContext({ modules: [disco, extra], store: fakeDocuments(), ...options });
}

describe("disco of the domain (XEP-0030)", () => {
  test.each([
    [
      "3.1 info",
      `<query ${INFO}/>`,
      `<query ${INFO}><identity category="server" type="im" name="ampact"/>${DISCO}<feature var="msgoffline"/><feature var="urn:a"/></query>`,
    ],
    [
      "3.2 info at a node",
      `<query ${INFO} node="urn:node"/>`,
      `<query ${INFO} node="urn:node"><identity category="server" type="im"/><feature var="urn:n1"/><feature var="urn:n2"/></query>`,
    ],
    ["7 info at an unknown node", `<query ${INFO} node="urn:x"/>`, "error item-not-found cancel"],
    ["4.1 items", `<query ${ITEMS}/>`, `<query ${ITEMS}><item jid="rooms.capulet.lit" name="Rooms"/></query>`],
    ["4.2 items at a node", `<query ${ITEMS} node="urn:node"/>`, `<query ${ITEMS} node="urn:node"></query>`],
    ["7 items at an unknown node", `<query ${ITEMS} node="urn:x"/>`, "error item-not-found cancel"],
  ])("%s", async (_clause, request, expected) => {
    expect(await server().askServer(request, { from: ROMEO })).toBe(expected);
  });

  test("features follow the settings", async () => {
    const answer = await server({ settings: { offline: false } }).askServer(`<query ${INFO}/>`);
    expect(answer).not.toContain("msgoffline");
  });

  test("the domain tells of the archive and of pubsub, which some clients look for there alone", async () => {
    const all = (archive: boolean) => server({ modules: [...modules], settings: { archive } });
    const features = ["urn:xmpp:mam:2", "http://jabber.org/protocol/pubsub"].map((name) => `<feature var="${name}"/>`);
    const [archive, pubsub] = features as [string, string];
    expect(await all(true).askServer(`<query ${INFO}/>`)).toContain(archive);
    expect(await all(true).askServer(`<query ${INFO}/>`)).toContain(pubsub);
    expect(await all(false).askServer(`<query ${INFO}/>`)).not.toContain(archive);
  });
});

describe("disco of an account (XEP-0030)", () => {
  const known = [item("romeo@montague.lit", { subscription: "from" })];
  const own = `<query ${INFO}><identity category="account" type="registered"/><identity category="pubsub" type="pep"/>${DISCO}<feature var="urn:b"/></query>`;

  test.each([
    ["the owner", {}, undefined, own],
    ["8 who may see the presence", { roster: known }, ROMEO, own],
    ["8 a stranger", {}, ROMEO, "error service-unavailable cancel"],
    ["8 no such account", { exists: false, roster: known }, ROMEO, "error service-unavailable cancel"],
  ])("info for %s", async (_who, options, from, expected) => {
    expect(await server(options).ask(`<query ${INFO}/>`, from && { from })).toBe(expected);
  });

  test.each([
    ["the owner", {}, undefined],
    ["8 a stranger", {}, ROMEO],
    ["8 no such account", { exists: false }, ROMEO],
  ])("items for %s", async (_who, options, from) => {
    expect(await server(options).ask(`<query ${ITEMS}/>`, from && { from })).toBe(`<query ${ITEMS}></query>`);
  });

  test("info at an unknown node, for the owner", async () => {
    expect(await server().ask(`<query ${INFO} node="urn:x"/>`)).toBe("error item-not-found cancel");
  });
});

describe("entity capabilities of the domain (XEP-0115)", () => {
  const all = { modules: [...modules], settings: { contacts: { admin: ["xmpp:admin@capulet.lit"] } } };

  test("6.3 the stream feature carries the hash of what disco#info tells", async () => {
    const context = server(all);
    const { node, ver } = context.description.caps;
    const answer = await context.askServer(`<query ${INFO}/>`);
    expect(ver).toBe(capsHash(Element.parse(answer)));
    const [feature] = context.registry.streamFeatures("bind").filter((markup) => markup.text.startsWith("<c "));
    expect(String(feature)).toBe(
      `<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="${node}" ver="${ver}"/>`,
    );
  });

  test("6.2 node#ver is answered as the domain itself", async () => {
    const context = server({ modules: [disco, caps] });
    const node = `${context.description.caps.node}#${context.description.caps.ver}`;
    const plain = await context.askServer(`<query ${INFO}/>`);
    expect(await context.askServer(`<query ${INFO} node="${node}"/>`)).toBe(
      plain.replace(INFO, `${INFO} node="${node}"`),
    );
    expect(await context.askServer(`<query ${INFO} node="${node}x"/>`)).toBe("error item-not-found cancel");
  });
});

describe("contact addresses (XEP-0157)", () => {
  test("2 are a form in the domain's disco#info (XEP-0128)", async () => {
    const contacts = { admin: ["mailto:a@capulet.lit", "xmpp:b@capulet.lit"], abuse: [], other: ["x"] };
    const context = server({ modules: [disco, contactAddresses], settings: { contacts } });
    expect(await context.askServer(`<query ${INFO}/>`)).toEndWith(
      '<x xmlns="jabber:x:data" type="result"><field var="FORM_TYPE" type="hidden"><value>http://jabber.org/network/serverinfo</value></field>' +
        '<field var="admin-addresses" type="list-multi"><value>mailto:a@capulet.lit</value><value>xmpp:b@capulet.lit</value></field></x></query>',
    );
  });

  test("no address, no form", async () => {
    const context = server({ modules: [disco, contactAddresses] });
    expect(await context.askServer(`<query ${INFO}/>`)).not.toContain("jabber:x:data");
  });
});
