/** RFC 6121 section 2: the roster. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { stage } from "../conversation/stage.ts";

const scenario = stage();

const get = (ver?: string) =>
  xml`<iq type="get"><query xmlns="${NS.ROSTER}"${ver !== undefined && xml` ver="${ver}"`}/></iq>`;
const set = (item: Markup) => xml`<iq type="set"><query xmlns="${NS.ROSTER}">${item}</query></iq>`;
const push = (item: Markup) =>
  xml`<iq type="set" id="{any}"><query xmlns="${NS.ROSTER}" ver="{any}">${item}</query></iq>`;
const error = (type: string, condition: Markup) =>
  xml`<iq type="error"><error type="${type}">${condition}</error></iq>`;
const badRequest = error("modify", xml`<bad-request xmlns="${NS.STANZAS}"/>`);

scenario("6121 2.1.4: an empty roster is answered with an empty query", async ({ romeo }) => {
  await romeo.logsIn({ roster: false });
  const answer = await romeo.asks(get());
  expect(answer.child("query", NS.ROSTER)?.children).toEqual([]);
});

scenario(
  "6121 2.3.2: an item that is added is pushed to interested resources only, then kept",
  async ({ romeo, juliet }) => {
    const street = romeo.device("street");
    const asleep = romeo.device("asleep");
    await romeo.logsIn();
    await street.logsIn();
    await asleep.logsIn({ roster: false });
    const item = xml`<item jid="${juliet.bare}" name="Juliet" subscription="none" ask="{absent}"><group>Capulets</group></item>`;
    const answer = await romeo.asks(set(xml`<item jid="${juliet.bare}" name="Juliet"><group>Capulets</group></item>`));
    expect(answer.attributes.type).toBe("result");
    await romeo.receives(push(item));
    await street.receives(push(item));
    await asleep.receivesNothing();
    await asleep.asksAndGets(get(), xml`<iq type="result"><query xmlns="${NS.ROSTER}">${item}</query></iq>`);
  },
);

scenario("6121 2.3.2: a client cannot set subscription, ask or approved", async ({ romeo, juliet }) => {
  await romeo.logsIn();
  await romeo.asks(set(xml`<item jid="${juliet.bare}" subscription="both" ask="subscribe" approved="true"/>`));
  await romeo.receives(push(xml`<item jid="${juliet.bare}" subscription="none" ask="{absent}" approved="{absent}"/>`));
});

scenario(
  "6121 2.4.2: an item that is changed takes the new name and groups and nothing of the old",
  async ({ romeo, juliet }) => {
    await romeo.logsIn();
    await romeo.asks(set(xml`<item jid="${juliet.bare}" name="Juliet"><group>A</group><group>B</group></item>`));
    await romeo.ignores();
    await romeo.asks(set(xml`<item jid="${juliet.bare}" name="Love"><group>C</group></item>`));
    const pushed = await romeo.receives(push(xml`<item jid="${juliet.bare}" name="Love"><group>C</group></item>`));
    expect(pushed.child("query", NS.ROSTER)?.child("item", NS.ROSTER)?.elements).toHaveLength(1);
  },
);

scenario("6121 2.5.2: an item that is removed is pushed as removed and gone for good", async ({ romeo, juliet }) => {
  await romeo.logsIn();
  await romeo.asks(set(xml`<item jid="${juliet.bare}"/>`));
  await romeo.ignores();
  await romeo.asks(set(xml`<item jid="${juliet.bare}" subscription="remove"/>`));
  await romeo.receives(push(xml`<item jid="${juliet.bare}" subscription="remove"/>`));
  const answer = await romeo.asks(get());
  expect(answer.child("query", NS.ROSTER)?.children).toEqual([]);
});

scenario("6121 2.5.3: an item that is not there cannot be removed", async ({ romeo, juliet }) => {
  await romeo.logsIn();
  const notFound = error("cancel", xml`<item-not-found xmlns="${NS.STANZAS}"/>`);
  await romeo.asksAndGets(set(xml`<item jid="${juliet.bare}" subscription="remove"/>`), notFound);
});

scenario(
  "6121 2.6: a client that has the latest version gets an empty result; a push brings the next",
  async ({ romeo, juliet }) => {
    await romeo.logsIn();
    expect(romeo.features?.child("ver", NS.ROSTERVER)).toBeDefined();
    const before = romeo.roster?.child("query", NS.ROSTER)?.attr("ver");
    expect(before).toBeDefined();
    const current = await romeo.asks(get(before));
    expect(current.children).toEqual([]);
    await romeo.asks(set(xml`<item jid="${juliet.bare}"/>`));
    const pushed = await romeo.receives(push(xml`<item jid="${juliet.bare}"/>`));
    const after = pushed.child("query", NS.ROSTER)?.attr("ver");
    expect(after).not.toBe(before);
    await romeo.asksAndGets(
      get(before),
      xml`<iq type="result"><query xmlns="${NS.ROSTER}" ver="${after}"><item jid="${juliet.bare}"/></query></iq>`,
    );
    expect((await romeo.asks(get(after))).children).toEqual([]);
  },
);

scenario(
  "6121 2.3.3: a set with no item, two items, no JID or an equal group twice is refused and changes nothing",
  async ({ romeo, juliet, nurse }) => {
    await romeo.logsIn();
    const bad = [
      xml``,
      xml`<item jid="${juliet.bare}"/><item jid="${nurse.bare}"/>`,
      xml`<item name="Nobody"/>`,
      xml`<item jid="@nothing"/>`,
      xml`<item jid="${juliet.bare}"><group>A</group><group>A</group></item>`,
    ];
    for (const items of bad) await romeo.asksAndGets(set(items), badRequest);
    const tooLong = error("modify", xml`<not-acceptable xmlns="${NS.STANZAS}"/>`);
    await romeo.asksAndGets(set(xml`<item jid="${juliet.bare}"><group></group></item>`), tooLong);
    await romeo.asksAndGets(set(xml`<item jid="${juliet.bare}" name="${"x".repeat(2000)}"/>`), tooLong);
    expect((await romeo.asks(get())).child("query", NS.ROSTER)?.children).toEqual([]);
  },
);

scenario("6121 2.1.5, 2.3.3: nobody reads or changes the roster of somebody else", async ({ romeo, juliet }) => {
  await romeo.logsIn();
  for (const query of [
    xml`<query xmlns="${NS.ROSTER}"/>`,
    xml`<query xmlns="${NS.ROSTER}"><item jid="${romeo.bare}"/></query>`,
  ]) {
    const type = query.text.includes("item") ? "set" : "get";
    const answer = await romeo.asks(xml`<iq type="${type}" to="${juliet.bare}">${query}</iq>`);
    expect(answer.attributes.type).toBe("error");
    expect(answer.child("query", NS.ROSTER)).toBeUndefined();
  }
  await juliet.logsIn();
  expect(juliet.roster?.child("query", NS.ROSTER)?.children).toEqual([]);
});

scenario("6121 2.1.6: a roster push comes from the account itself or without a from", async ({ romeo, juliet }) => {
  await romeo.logsIn();
  await romeo.asks(set(xml`<item jid="${juliet.bare}"/>`));
  const pushed = await romeo.receives(push(xml`<item jid="${juliet.bare}"/>`));
  expect([undefined, romeo.bare]).toContain(pushed.attributes.from);
  expect(pushed.attributes.to).toBe(romeo.full);
});
