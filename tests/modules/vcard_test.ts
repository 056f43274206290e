import { beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { pep } from "../../modules/pep.ts";
import { vcard } from "../../modules/vcard.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { FakeContext, type FakeOptions, ROMEO } from "./fake_context.ts";
import { fakeDocuments } from "./fake_documents.ts";

const IMAGE = Buffer.from("an image");
const BASE64 = IMAGE.toString("base64");
const HASH = createHash("sha1").update(IMAGE).digest("hex");
const card = (inner: string) => `<vCard xmlns="vcard-temp">${inner}</vCard>`;
const NAME = card("<FN>Juliet</FN>");
const PHOTO = `<PHOTO><TYPE>image/png</TYPE><BINVAL>${BASE64}</BINVAL></PHOTO>`;
const SET = { type: "set" };
const update = (inner: string) => `<x xmlns="vcard-temp:x:update">${inner}</x>`;
const TOLD = update(`<photo>${HASH}</photo>`);

let account: FakeContext;
const fresh = (options: FakeOptions = {}) =>
  new FakeContext({ modules: [vcard, pep], store: fakeDocuments(), ...options });

beforeEach(() => {
  account = fresh();
});

const presence = (inner = "", type = "") =>
  vcard.hooks!.outgoingPresence!(
    Stanza.parse(`<presence from="juliet@capulet.lit/chamber"${type}>${inner}</presence>`),
    account,
  ).inner;

describe("vCards (XEP-0054)", () => {
  test("3.1, 3.2 and 3.3: written by the owner, read by all", async () => {
    expect(await account.ask(card(""))).toBe("error item-not-found cancel");
    expect(await account.ask(NAME, SET)).toBe("");
    expect(await account.ask(card(""))).toBe(NAME);
    expect(await account.ask(card(""), { from: ROMEO })).toBe(NAME);
  });

  test("3.3 no vCard and no user are the same", async () => {
    expect(await account.ask(card(""), { from: ROMEO })).toBe("error item-not-found cancel");
    expect(await fresh({ exists: false }).ask(card(""), { from: ROMEO })).toBe("error item-not-found cancel");
  });

  test("3.2 nobody else writes it, nor too much", async () => {
    expect(await account.ask(NAME, { ...SET, from: ROMEO })).toBe("error forbidden auth");
    expect(await account.ask(card(`<NOTE>${"x".repeat(200_000)}</NOTE>`), SET)).toBe("error policy-violation modify");
    expect(await account.ask(card(""))).toBe("error item-not-found cancel");
  });

  test("the domain has one", async () => {
    expect(await account.askServer(card(""))).toContain("<FN>ampact</FN>");
  });
});

describe("the photo's hash in presences (XEP-0153, XEP-0398 4)", () => {
  test("nothing is told before there is a photo", () => {
    expect(presence("<show>away</show>")).toBe("<show>away</show>");
  });

  test.each([
    ["none", "", TOLD],
    ["one that is not ready", update(""), TOLD],
    ["another hash", update("<photo>x</photo>"), TOLD],
    ["the right hash", TOLD, TOLD],
    ["the wish to show none", update("<photo/>"), update("<photo/>")],
  ])("what the client says: %s", async (_what, sent, expected) => {
    await account.ask(card(PHOTO), SET);
    expect(presence(sent)).toBe(expected);
    expect(presence(sent, ' type="unavailable"')).toBe(sent);
  });

  test("the hash is known again when the account's actor starts", async () => {
    await account.ask(card(PHOTO), SET);
    account = fresh({ store: account.store });
    await vcard.hooks!.activated!(account);
    expect(presence()).toBe(TOLD);
  });

  test("a change of the photo is told to all, any other change is not", async () => {
    await account.ask(card(PHOTO), SET);
    await account.ask(card(`<FN>J</FN>${PHOTO}`), SET);
    expect(account.done("refreshPresence")).toHaveLength(1);
    await account.ask(NAME, SET);
    expect(account.done("refreshPresence")).toHaveLength(2);
    expect(presence(TOLD)).toBe(update("<photo></photo>"));
    expect(presence("")).toBe("");
  });

  test.each(["", "no base64!", "   "])("a photo that cannot be read is none: %p", async (binval) => {
    await account.ask(card(`<PHOTO><BINVAL>${binval}</BINVAL></PHOTO>`), SET);
    expect(presence()).toBe("");
  });
});

describe("one avatar for vCard and PEP (XEP-0398 3)", () => {
  const items = (node: string) =>
    account.ask(`<pubsub xmlns="http://jabber.org/protocol/pubsub"><items node="${node}"/></pubsub>`);
  const DATA = `<data xmlns="urn:xmpp:avatar:data">${BASE64}</data>`;
  const metadata = (inner: string) => `<metadata xmlns="urn:xmpp:avatar:metadata">${inner}</metadata>`;
  const INFO = `<info bytes="8" id="${HASH}" type="image/png"/>`;

  function publish(node: string, payload: string, model = "open", id = HASH): Promise<string> {
    const field = (name: string, value: string) => `<field var="${name}"><value>${value}</value></field>`;
    const form =
      field("FORM_TYPE", "http://jabber.org/protocol/pubsub#publish-options") + field("pubsub#access_model", model);
    return account.ask(
      `<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="${node}"><item id="${id}">${payload}</item></publish>` +
        `<publish-options><x xmlns="jabber:x:data" type="submit">${form}</x></publish-options></pubsub>`,
      SET,
    );
  }

  test("3.2 a vCard's photo is published, open to all", async () => {
    await account.ask(card(PHOTO), SET);
    expect(await items("urn:xmpp:avatar:data")).toContain(`<item id="${HASH}">${DATA}</item>`);
    expect(await items("urn:xmpp:avatar:metadata")).toContain(`<item id="${HASH}">${metadata(INFO)}</item>`);
    const asked = '<pubsub xmlns="http://jabber.org/protocol/pubsub"><items node="urn:xmpp:avatar:data"/></pubsub>';
    expect(await account.ask(asked, { from: ROMEO })).toContain(HASH);
  });

  test("3.1 a published avatar goes into the vCard, beside what is there", async () => {
    await account.ask(NAME, SET);
    await publish("urn:xmpp:avatar:data", DATA);
    expect(await publish("urn:xmpp:avatar:metadata", metadata(INFO))).not.toStartWith("error");
    expect(await account.ask(card(""))).toBe(card(`<FN>Juliet</FN>${PHOTO}`));
    expect(account.done("refreshPresence")).toHaveLength(1);
    expect(presence()).toBe(TOLD);
  });

  test.each([
    ["6 not open to all", "presence", DATA, INFO],
    ["3.1 an image elsewhere", "open", DATA, `<info bytes="8" id="${HASH}" type="image/png" url="http://x"/>`],
    ["3.1 another image than its id says", "open", '<data xmlns="urn:xmpp:avatar:data">AAAA</data>', INFO],
  ])("%s does not", async (_clause, model, data, info) => {
    await publish("urn:xmpp:avatar:data", data, model);
    await publish("urn:xmpp:avatar:metadata", metadata(info), model);
    expect(await account.ask(card(""))).toBe("error item-not-found cancel");
  });

  test("no avatar any more, no photo any more, and the other way round", async () => {
    await account.ask(card(`<FN>J</FN>${PHOTO}`), SET);
    await publish("urn:xmpp:avatar:metadata", metadata(""), "open", "none");
    expect(await account.ask(card(""))).toBe(card("<FN>J</FN>"));
    await account.ask(card(PHOTO), SET);
    await account.ask(NAME, SET);
    expect(await items("urn:xmpp:avatar:metadata")).toContain('<metadata xmlns="urn:xmpp:avatar:metadata"/>');
  });
});
