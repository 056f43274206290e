/** Who may not see an account's presence learns by no answer whether anybody is there, or exists. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { amp } from "../conversation/amp.ts";
import { grants } from "../conversation/befriend.ts";
import type { Cast } from "../conversation/cast.ts";
import { stage } from "../conversation/stage.ts";

/** The default: presence_policy "subscribed". */
const scenario = stage({ limits: { offlineMessagesFromStrangers: 3 } });
const messagesOnly = { hears: ["message"] } as const;

const NO_STORE = xml`<no-store xmlns="${NS.HINTS}"/>`;
const KINDS = [
  ["", undefined],
  ["no-store", NO_STORE],
  ["deliver=direct drop", amp("deliver direct drop")],
  ["deliver=direct drop, no-store", xml`${NO_STORE}${amp("deliver direct drop")}`],
  ["deliver=none drop", amp("deliver none drop")],
] as const;

/** Somebody in each state that an account, or an address without one, may be in. */
async function addressesOf({ juliet, nurse, benvolio, tybalt, paris, romeo }: Cast): Promise<readonly string[]> {
  await juliet.online();
  await nurse.online({ presence: false });
  await benvolio.online({ priority: -1 });
  await tybalt.online();
  await tybalt.asks(xml`<iq type="set"><block xmlns="${NS.BLOCKING}"><item jid="${romeo.bare}"/></block></iq>`);
  const there = [juliet, nurse, benvolio, tybalt];
  const gone = [juliet, paris].map(({ bare }) => `${bare}/nowhere`);
  return [...there.flatMap(({ bare, full }) => [bare, full]), ...gone, paris.bare];
}

for (const type of ["chat", "normal", "headline", "groupchat"]) {
  scenario(`design, presence privacy: a stranger's ${type} is answered by silence, whoever is there`, async (cast) => {
    const { romeo, juliet, nurse, benvolio, tybalt, settled } = cast;
    await romeo.online(messagesOnly);
    for (const to of await addressesOf(cast)) {
      for (const [name, content] of KINDS) {
        romeo.sends(xml`<message to="${to}" id="m1" type="${type}"><body>Hi</body>${content}</message>`);
        expect([to, name, await romeo.ignores()]).toEqual([to, name, []]);
      }
    }
    await settled();
    for (const device of [juliet, nurse, benvolio, tybalt]) device.drops();
  });
}

scenario("design, presence privacy: a contact is told what a stranger is not", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  await juliet.online();
  await grants(juliet, romeo);
  await juliet.logsOut();
  romeo.drops();
  romeo.sends(xml`<message to="${juliet.bare}" id="m1" type="chat"><body>Hi</body>${NO_STORE}</message>`);
  await romeo.receives(
    xml`<message type="error" id="m1"><error><service-unavailable xmlns="${NS.STANZAS}"/><text xmlns="${NS.STANZAS}"/></error></message>`,
  );
});

scenario(
  "XEP-0079 9: the refusal tells a person why, in the same words for an account that is missing",
  async (cast) => {
    const { romeo, juliet, paris } = cast;
    await romeo.online(messagesOnly);
    const answers = new Set<string>();
    for (const { bare } of [juliet, paris]) {
      romeo.sends(
        xml`<message to="${bare}" id="m1" type="chat"><body>Hi</body>${amp("deliver stored notify")}</message>`,
      );
      const [answer] = await romeo.ignores();
      answers.add(String(answer));
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain("permission to see its presence");
  },
);

scenario(
  "XEP-0079 4: rules with a status are refused, since only a server writes reports",
  async ({ romeo, juliet }) => {
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    const forged = xml`<amp xmlns="${NS.AMP}" status="alert"><rule condition="deliver" value="direct" action="notify"/></amp>`;
    romeo.sends(xml`<message to="${juliet.bare}" id="m1" type="chat"><body>Hi</body>${forged}</message>`);
    await romeo.receives(
      xml`<message type="error" id="m1"><error type="modify" code="400"><bad-request xmlns="${NS.STANZAS}"/></error></message>`,
    );
    await juliet.receivesNothing();
  },
);

scenario("XEP-0079 3.4.3: an error that a client forges has no report in it", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  const report = xml`<amp xmlns="${NS.AMP}" status="error"><rule condition="deliver" value="direct" action="error"/></amp>`;
  const error = xml`<error type="modify"><undefined-condition xmlns="${NS.STANZAS}"/></error>`;
  romeo.sends(xml`<message to="${juliet.full}" id="m1" type="error">${report}${error}</message>`);
  const received = await juliet.receives(xml`<message id="m1" type="error"><error/></message>`);
  expect(received.child("amp", NS.AMP)).toBeUndefined();
});

const QUESTIONS = [
  xml`<query xmlns="${NS.ROSTER}"/>`,
  xml`<query xmlns="${NS.DISCO_INFO}"/>`,
  xml`<query xmlns="${NS.DISCO_ITEMS}"/>`,
  xml`<query xmlns="${NS.LAST}"/>`,
  xml`<query xmlns="${NS.VERSION}"/>`,
  xml`<query xmlns="${NS.PRIVATE}"><storage xmlns="storage:bookmarks"/></query>`,
  xml`<query xmlns="${NS.MAM}"/>`,
  xml`<metadata xmlns="${NS.MAM}"/>`,
  xml`<blocklist xmlns="${NS.BLOCKING}"/>`,
  xml`<ping xmlns="${NS.PING}"/>`,
  xml`<vCard xmlns="${NS.VCARD}"/>`,
  xml`<pubsub xmlns="${NS.PUBSUB}"><items node="urn:xmpp:avatar:metadata"/></pubsub>`,
  xml`<pubsub xmlns="${NS.PUBSUB}"><subscriptions/></pubsub>`,
  xml`<x xmlns="urn:verona:riddle"/>`,
];

scenario("XEP-0191 6: a stranger learns by no answer to a request whether it is blocked", async (cast) => {
  const { romeo, juliet, tybalt, paris } = cast;
  await romeo.online();
  await juliet.online();
  await tybalt.online();
  await tybalt.asks(xml`<iq type="set"><block xmlns="${NS.BLOCKING}"><item jid="${romeo.bare}"/></block></iq>`);
  for (const question of QUESTIONS) {
    for (const type of ["get", "set"]) {
      const answers = new Set<string>();
      for (const { bare } of [juliet, tybalt, paris]) {
        const answer = await romeo.asks(xml`<iq type="${type}" to="${bare}" id="same">${question}</iq>`);
        answers.add(String(answer).replaceAll(bare, "NAME"));
      }
      expect([question.text, type, ...answers]).toEqual([question.text, type, expect.any(String)]);
    }
  }
});
