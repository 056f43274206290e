/** Quotas: what an account may keep is bounded, its owner is told, and no message is refused because an archive is full. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { stage } from "../conversation/stage.ts";

const MEBIBYTE = 1_048_576;
const scenario = stage({ limits: { accountBytes: MEBIBYTE, offlineMessagesFromStrangers: 0 } });

const messagesOnly = { hears: ["message"] } as const;
/** Three of these are more than the quarter that is for what is kept besides the archive. */
const LARGE = "x".repeat(90_000);
const full = xml`<iq type="error"><error type="wait"><resource-constraint xmlns="${NS.STANZAS}"/></error></iq>`;
const done = xml`<iq type="result"/>`;
const set = (payload: Markup) => xml`<iq type="set">${payload}</iq>`;

const privateXml = (key: string) =>
  set(xml`<query xmlns="${NS.PRIVATE}"><data xmlns="urn:verona:${key}">${LARGE}</data></query>`);
const item = (node: string) =>
  set(
    xml`<pubsub xmlns="${NS.PUBSUB}"><publish node="${node}"><item id="current"><data xmlns="urn:verona">${LARGE}</data></item></publish></pubsub>`,
  );
const vcard = set(xml`<vCard xmlns="${NS.VCARD}"><DESC>${LARGE}</DESC></vCard>`);

scenario(
  "XEP-0049, XEP-0054, XEP-0060: beyond the quota an account is told resource-constraint",
  async ({ romeo, server }) => {
    await romeo.online(messagesOnly);
    await romeo.asksAndGets(privateXml("a"), done);
    await romeo.asksAndGets(item("urn:verona:node"), done);
    await romeo.asksAndGets(privateXml("b"), full);
    await romeo.asksAndGets(item("urn:verona:other"), full);
    await romeo.asksAndGets(vcard, full);
    // What takes the place of as much is taken.
    await romeo.asksAndGets(item("urn:verona:node"), done);
    await romeo.asksAndGets(privateXml("a"), done);
    await server.log.tells("account has reached its quota", romeo.bare);
  },
);

scenario(
  "XEP-0313: an archive that is full loses its oldest messages, and takes each new one",
  async ({ romeo, juliet, server }) => {
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    for (let at = 1; at <= 12; at++) {
      romeo.sends(xml`<message to="${juliet.bare}" id="m${at}" type="chat"><body>${at} ${LARGE}</body></message>`);
      await juliet.receives(xml`<message id="m${at}"/>`);
    }
    await server.log.tells("archive has reached its quota", juliet.bare);
    const [page, usage] = (await server.store(
      ["archive", { owner: juliet.bare, take: "first", limit: 100 }],
      ["usage", juliet.bare],
    )) as [{ messages: { text: string }[] }, { archive: number }];
    const ids = page.messages.map(({ text }) => /id="(m\d+)"/.exec(text)![1]!);
    expect(ids).toEqual(["m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11", "m12"]);
    expect(usage.archive).toBeLessThanOrEqual(MEBIBYTE);
  },
);
