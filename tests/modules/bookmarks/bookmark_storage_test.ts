import { beforeEach, describe, expect, test } from "bun:test";
import { pep } from "../../../modules/pep.ts";
import { privateXml } from "../../../modules/private_xml.ts";
import { FakeContext, ROMEO } from "../fake_context.ts";
import { fakeDocuments } from "../fake_documents.ts";

const PUBSUB = 'xmlns="http://jabber.org/protocol/pubsub"';
const items = (node: string) => `<pubsub ${PUBSUB}><items node="${node}"/></pubsub>`;
const publish = (node: string, id: string, payload: string) =>
  `<pubsub ${PUBSUB}><publish node="${node}"><item id="${id}">${payload}</item></publish></pubsub>`;
const privately = (inner: string) => `<query xmlns="jabber:iq:private">${inner}</query>`;
const storage = (inner: string) => `<storage xmlns="storage:bookmarks">${inner}</storage>`;
const older = (jid: string, nick: string) =>
  `<conference autojoin="true" jid="${jid}"><nick>${nick}</nick></conference>`;
const newer = (nick: string, more = "") =>
  `<conference xmlns="urn:xmpp:bookmarks:1" autojoin="true"><nick>${nick}</nick>${more}</conference>`;
const SET = { type: "set" };

let account: FakeContext;

beforeEach(() => {
  account = new FakeContext({ modules: [pep, privateXml], store: fakeDocuments() });
});

const published = () =>
  account
    .done("store")
    .filter(([name]) => name === "putPubsubItem")
    .map(([, , , record]) => (record as { id: string }).id);

describe("one list of bookmarks (XEP-0402 5)", () => {
  test("5.1 items show in private XML and at the older node", async () => {
    await account.ask(publish("urn:xmpp:bookmarks:1", "a@rooms", newer("J")), SET);
    const list = storage('<conference autojoin="true" jid="a@rooms"><nick>J</nick></conference>');
    expect(await account.ask(privately(storage("")))).toBe(privately(list));
    expect(await account.ask(items("storage:bookmarks"))).toBe(
      `<pubsub ${PUBSUB}><items node="storage:bookmarks"><item id="current">${list}</item></items></pubsub>`,
    );
  });

  test.each([
    ["private XML", privately(storage(older("a@rooms", "J")))],
    ["the older node", publish("storage:bookmarks", "current", storage(older("a@rooms", "J")))],
  ])("5.2 a list written to %s becomes items", async (_place, request) => {
    expect(await account.ask(request, SET)).not.toStartWith("error");
    expect(await account.ask(items("urn:xmpp:bookmarks:1"))).toContain(`<item id="a@rooms">${newer("J")}</item>`);
    expect(await account.ask(items("urn:xmpp:bookmarks:1"), { from: ROMEO })).toBe(
      "error not-allowed+closed-node cancel",
    );
  });

  test("5.2 publishes only what has changed, retracts what is missing, keeps what the older format cannot say", async () => {
    const extra = '<extensions><x xmlns="x:x"/></extensions>';
    await account.ask(privately(storage(older("a@rooms", "J") + older("b@rooms", "J") + older("c@rooms", "J"))), SET);
    await account.ask(publish("urn:xmpp:bookmarks:1", "b@rooms", newer("J", extra)), SET);
    account.deeds.length = 0;
    await account.ask(privately(storage(older("a@rooms", "J") + older("b@rooms", "K"))), SET);
    expect(published()).toEqual(["b@rooms"]);
    expect(await account.ask(items("urn:xmpp:bookmarks:1"))).toBe(
      `<pubsub ${PUBSUB}><items node="urn:xmpp:bookmarks:1"><item id="a@rooms">${newer("J")}</item>` +
        `<item id="b@rooms">${newer("K", extra)}</item></items></pubsub>`,
    );
  });

  test("nothing yet: empty in private XML, item-not-found at the older node", async () => {
    expect(await account.ask(privately(storage("")))).toBe(privately('<storage xmlns="storage:bookmarks"/>'));
    expect(await account.ask(items("storage:bookmarks"))).toBe("error item-not-found cancel");
    expect(await account.ask(items("storage:bookmarks"), { from: ROMEO })).toBe("error item-not-found cancel");
  });

  test("a bookmark without a room is left out; another payload is refused", async () => {
    await account.ask(privately(storage('<conference/><conference jid="@x"/>')), SET);
    expect(published()).toEqual([]);
    const wrong = publish("storage:bookmarks", "current", '<a xmlns="x:a"/>');
    expect(await account.ask(wrong, SET)).toBe("error bad-request+invalid-payload modify");
  });

  test("a stranger sees and writes nothing", async () => {
    await account.ask(privately(storage(older("a@rooms", "J"))), SET);
    expect(await account.ask(items("storage:bookmarks"), { from: ROMEO })).toBe("error forbidden auth");
    const request = publish("storage:bookmarks", "current", storage(""));
    expect(await account.ask(request, { ...SET, from: ROMEO })).toBe("error forbidden auth");
  });
});
