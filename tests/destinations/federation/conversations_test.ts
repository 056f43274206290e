/** Two servers: messages, presence, subscriptions and requests between their accounts. RFC 6121. */
import { expect } from "bun:test";
import { NS } from "../../../xmpp/ns.ts";
import { attr, raw, xml } from "../../../xmpp/xml/xml.ts";
import { league } from "../../conversation/league.ts";

const scenario = league(2);
const rosterPush = (jid: string, subscription: string, ask = false) => xml`
  <iq type="set"><query xmlns="${NS.ROSTER}"><item jid="${jid}" subscription="${subscription}"${ask && attr("ask", "subscribe")}/></query></iq>`;
const messagesOnly = { hears: ["message"] } as const;

scenario("chat goes both ways, and lies in the archives of both sides", async ({ casts: [verona, mantua] }) => {
  const { romeo } = verona!;
  const { juliet } = mantua!;
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  romeo.sends(xml`<message to="${juliet.bare}" id="m1" type="chat"><body>Hi</body></message>`);
  await juliet.receives(
    xml`<message from="${romeo.full}" to="${juliet.bare}" id="m1" type="chat"><body>Hi</body></message>`,
  );
  juliet.sends(xml`<message to="${romeo.full}" id="m2" type="chat"><body>Ho</body></message>`);
  await romeo.receives(
    xml`<message from="${juliet.full}" to="${romeo.full}" id="m2" type="chat"><body>Ho</body></message>`,
  );
  for (const device of [romeo, juliet]) {
    await device.asks(xml`<iq type="set"><query xmlns="${NS.MAM}"/></iq>`);
    expect(device.drops()).toHaveLength(2);
  }
});

scenario("RFC 6121 section 3: a subscription is asked for and granted, and presence follows it", async (league) => {
  const romeo = league.casts[0]!.romeo;
  const juliet = league.casts[1]!.juliet;
  await romeo.online();
  await juliet.online();
  romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
  await romeo.receives(rosterPush(juliet.bare, "none", true));
  await juliet.receives(xml`<presence from="${romeo.bare}" to="${juliet.bare}" type="subscribe"/>`);
  juliet.sends(xml`<presence to="${romeo.bare}" type="subscribed"/>`);
  await juliet.receives(rosterPush(romeo.bare, "from"));
  await romeo.receivesAll(
    xml`<presence from="${juliet.bare}" type="subscribed"/>`,
    rosterPush(juliet.bare, "to"),
    xml`<presence from="${juliet.full}" type="{absent}"/>`,
  );
  // The other direction.
  juliet.sends(xml`<presence to="${romeo.bare}" type="subscribe"/>`);
  await juliet.receives(rosterPush(romeo.bare, "from", true));
  await romeo.receives(xml`<presence from="${juliet.bare}" type="subscribe"/>`);
  romeo.sends(xml`<presence to="${juliet.bare}" type="subscribed"/>`);
  await romeo.receives(rosterPush(juliet.bare, "both"));
  await juliet.receivesAll(
    xml`<presence from="${romeo.bare}" type="subscribed"/>`,
    rosterPush(romeo.bare, "both"),
    xml`<presence from="${romeo.full}" type="{absent}"/>`,
  );
  // Presence follows, and is probed at login.
  await juliet.logsOut();
  await romeo.receives(xml`<presence from="${juliet.full}" type="unavailable"/>`);
  await juliet.online();
  await juliet.receives(xml`<presence from="${romeo.full}" type="{absent}"/>`);
  await romeo.receives(xml`<presence from="${juliet.full}" type="{absent}"/>`);
  // And it ends.
  romeo.sends(xml`<presence to="${juliet.bare}" type="unsubscribed"/>`);
  await romeo.receives(rosterPush(juliet.bare, "to"));
  await juliet.receivesAll(
    xml`<presence from="${romeo.bare}" type="unsubscribed"/>`,
    rosterPush(romeo.bare, "from"),
    xml`<presence from="${romeo.full}" type="unavailable"/>`,
  );
  await juliet.logsOut();
  await romeo.receives(xml`<presence from="${juliet.full}" type="unavailable"/>`);
});

scenario("a subscription request to nobody is answered, one that cannot be sent too", async ({ casts, network }) => {
  const { romeo } = casts[0]!;
  const { paris } = casts[1]!;
  await romeo.online();
  romeo.sends(xml`<presence to="${paris.bare}" type="subscribe"/>`);
  await romeo.receives(rosterPush(paris.bare, "none", true));
  await romeo.receives(rosterPush(paris.bare, "none"));
  await romeo.receives(xml`<presence from="${paris.bare}" type="unsubscribed"/>`);
  network.weather = () => "unreachable";
  romeo.sends(xml`<presence to="${paris.bare}" type="subscribe"/>`);
  await romeo.receives(rosterPush(paris.bare, "none", true));
  await romeo.receives(
    xml`<presence from="${paris.bare}" type="error"><error type="wait"><remote-server-timeout xmlns="${NS.STANZAS}"/></error></presence>`,
  );
});

scenario("requests are answered by the other server, by its clients, and by errors", async ({ casts, network }) => {
  const { romeo } = casts[0]!;
  const { juliet, server } = casts[1]!;
  await romeo.online({ hears: ["iq"] });
  await juliet.online({ hears: ["iq"] });
  const ping = (to: string) => xml`<iq type="get" to="${to}"><ping xmlns="${NS.PING}"/></iq>`;
  await romeo.asksAndGets(ping(server.domain), xml`<iq type="result" from="${server.domain}"/>`);
  await romeo.asksAndGets(
    ping("nowhere.example"),
    xml`<iq type="error" from="nowhere.example"><error type="cancel" code="404"><remote-server-not-found xmlns="${NS.STANZAS}"/></error></iq>`,
  );
  network.weather = () => "unreachable";
  await romeo.asksAndGets(
    ping(server.domain),
    xml`<iq type="error" from="${server.domain}"><error type="wait" code="504"><remote-server-timeout xmlns="${NS.STANZAS}"/></error></iq>`,
  );
  network.weather = () => undefined;
  const asked = romeo.asks(ping(juliet.full));
  const request = await juliet.gets("iq", NS.CLIENT);
  juliet.sends(xml`<iq type="result" to="${romeo.full}" id="${request.attr("id")!}"/>`);
  expect((await asked).attr("type")).toBe("result");
  // What nobody has asked for is no answer.
  juliet.sends(xml`<iq type="result" to="${romeo.full}" id="made-up"/>`);
  await casts[0]!.settled();
  romeo.hasReceivedNothing();
});

scenario(
  "a message to a domain without a server is refused, by the error that says why",
  async ({ casts, network }) => {
    const { romeo } = casts[0]!;
    await romeo.online(messagesOnly);
    const refused = (to: string, condition: string) =>
      xml`<message type="error" from="${to}" id="m1"><error>${raw(`<${condition} xmlns="${NS.STANZAS}"/>`)}</error></message>`;
    romeo.sends(xml`<message to="a@nowhere.example" id="m1"><body>Hi</body></message>`);
    await romeo.receives(refused("a@nowhere.example", "remote-server-not-found"));
    network.weather = () => "invalid";
    const { bare } = casts[1]!.juliet;
    romeo.sends(xml`<message to="${bare}" id="m1"><body>Hi</body></message>`);
    await romeo.receives(refused(bare, "internal-server-error"));
  },
);

scenario("nobody at the other server: the ordinary error comes back, and no error is answered", async ({ casts }) => {
  const { romeo } = casts[0]!;
  const { juliet } = casts[1]!;
  await romeo.online();
  await juliet.online();
  romeo.sends(xml`<message to="${juliet.bare}/none" id="m1" type="groupchat"><body>Hi</body></message>`);
  romeo.sends(
    xml`<message to="${juliet.full}" id="m2" type="error"><error type="cancel"><gone xmlns="${NS.STANZAS}"/></error></message>`,
  );
  await juliet.receives(xml`<message from="${romeo.full}" id="m2" type="error"/>`);
});

scenario("a domain that is blocked reaches nobody here", async ({ casts }) => {
  const { romeo } = casts[0]!;
  const { juliet, settled } = casts[1]!;
  await romeo.online({ hears: ["message"] });
  await juliet.online({ hears: ["message", "presence"] });
  await juliet.asks(xml`<iq type="set"><block xmlns="${NS.BLOCKING}"><item jid="verona.example"/></block></iq>`);
  romeo.sends(xml`<message to="${juliet.bare}" id="m1" type="chat"><body>Hi</body></message>`);
  romeo.sends(xml`<presence to="${juliet.bare}"/>`);
  romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
  await casts[0]!.settled();
  await settled();
  juliet.hasReceivedNothing();
});

scenario(
  "XEP-0198 counts a message that is committed here, though the other server cannot be reached",
  async (league) => {
    const { romeo } = league.casts[0]!;
    const { juliet } = league.casts[1]!;
    league.network.weather = (_from, to) => (to === "mantua.example" ? "unreachable" : undefined);
    await romeo.online({ ...messagesOnly, sm: true });
    romeo.sends(xml`<message to="${juliet.bare}" id="m1" type="chat"><body>Hi</body></message>`);
    expect(await romeo.asksForAck()).toBe(3);
    await juliet.online(messagesOnly);
    league.network.weather = () => undefined;
    await juliet.receives(xml`<message from="${romeo.full}" id="m1"/>`);
  },
);
