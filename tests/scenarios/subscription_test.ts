/** RFC 6121 section 3: who may see whose presence, and how it is asked for, granted and taken back. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { attr, xml } from "../../xmpp/xml/xml.ts";
import { befriend } from "../conversation/befriend.ts";
import type { Device } from "../conversation/device.ts";
import { stage } from "../conversation/stage.ts";

const scenario = stage();
const cramped = stage({ limits: { rosterItems: 1 } });

const presence = (type: string, from: Device, to: Device) =>
  xml`<presence type="${type}" from="${from.bare}" to="${to.bare}"/>`;
const pushed = (jid: string, attributes: { subscription: string; ask?: string; approved?: string }) =>
  xml`<iq type="set"><query xmlns="${NS.ROSTER}"><item jid="${jid}" subscription="${attributes.subscription}" ask="${attributes.ask ?? "{absent}"}"${attr("approved", attributes.approved)}/></query></iq>`;

function item(device: Device, jid: string) {
  return device.roster?.child("query", NS.ROSTER)?.elements.find((element) => element.attr("jid") === jid);
}

scenario("6121 3.1: Romeo asks, Juliet approves, and both sides see every step", async ({ romeo, juliet }) => {
  await romeo.online();
  await juliet.online();
  romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe" id="xk3h1v69"/>`);
  await romeo.receives(pushed(juliet.bare, { subscription: "none", ask: "subscribe" }));
  await juliet.receives(xml`<presence type="subscribe" from="${romeo.bare}" to="${juliet.bare}" id="xk3h1v69"/>`);
  await juliet.receivesNothing();
  juliet.sends(xml`<presence to="${romeo.bare}" type="subscribed"/>`);
  await juliet.receives(pushed(romeo.bare, { subscription: "from" }));
  await romeo.receivesAll(
    presence("subscribed", juliet, romeo),
    pushed(juliet.bare, { subscription: "to" }),
    xml`<presence from="${juliet.full}" to="${romeo.bare}" type="{absent}"/>`,
  );
  await romeo.receivesNothing();
});

scenario(
  "6121 3.1.1, 3.1.2: a request is stamped with bare JIDs, though it was sent by and to a resource",
  async ({ romeo, juliet }) => {
    await romeo.online({ roster: false });
    await juliet.online();
    romeo.sends(xml`<presence to="${juliet.full}" type="subscribe"/>`);
    await juliet.receives(presence("subscribe", romeo, juliet));
  },
);

scenario("6121 3.1, 3.1.3: both ways: the roster says both, and presence goes both ways", async ({ romeo, juliet }) => {
  await romeo.online();
  await juliet.online();
  await befriend(romeo, juliet);
  await romeo.asksAndGets(
    xml`<iq type="get"><query xmlns="${NS.ROSTER}"/></iq>`,
    xml`<iq type="result"><query xmlns="${NS.ROSTER}"><item jid="${juliet.bare}" subscription="both"/></query></iq>`,
  );
  await juliet.asksAndGets(
    xml`<iq type="get"><query xmlns="${NS.ROSTER}"/></iq>`,
    xml`<iq type="result"><query xmlns="${NS.ROSTER}"><item jid="${romeo.bare}" subscription="both"/></query></iq>`,
  );
  romeo.sends(xml`<presence><show>dnd</show></presence>`);
  await juliet.receives(xml`<presence from="${romeo.full}"><show>dnd</show></presence>`);
  await romeo.receives(xml`<presence from="${romeo.full}"><show>dnd</show></presence>`);
});

scenario(
  "6121 3.1.3: a request to somebody away waits, is delivered whole at each log-in until it is answered",
  async ({ romeo, juliet }) => {
    await romeo.online();
    romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"><status>It is the east</status></presence>`);
    await romeo.receives(pushed(juliet.bare, { subscription: "none", ask: "subscribe" }));
    const request = xml`<presence type="subscribe" from="${romeo.bare}" to="${juliet.bare}"><status>It is the east</status></presence>`;
    for (let time = 0; time < 2; time++) {
      await juliet.online();
      // A pending request is no roster item (section 3.1.3).
      expect(item(juliet, romeo.bare)).toBeUndefined();
      await juliet.receives(request);
      await juliet.receivesNothing();
      await juliet.logsOut();
    }
    await juliet.online();
    await juliet.receives(request);
    juliet.sends(xml`<presence to="${romeo.bare}" type="subscribed"/>`);
    await juliet.receives(pushed(romeo.bare, { subscription: "from" }));
    await juliet.logsOut();
    await romeo.ignores();
    await juliet.online();
    await romeo.receives(xml`<presence from="${juliet.full}" type="{absent}"/>`);
    await juliet.receivesNothing();
  },
);

scenario("6121 3.1.3: the same request again does not double", async ({ romeo, juliet }) => {
  await romeo.online({ roster: false });
  romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
  romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
  await romeo.receivesNothing();
  await juliet.online();
  await juliet.receives(presence("subscribe", romeo, juliet));
  await juliet.receivesNothing();
});

scenario(
  "6121 3.1.3: a request goes to every available resource, not to one that is merely connected",
  async ({ romeo, juliet }) => {
    const chamber = juliet.device("chamber");
    const asleep = juliet.device("asleep");
    await romeo.online({ roster: false });
    await asleep.logsIn();
    await chamber.online({ hears: ["message", "iq"] });
    await juliet.online();
    await juliet.ignores();
    await chamber.receivesNothing();
    await chamber.logsOut();
    await chamber.online();
    await juliet.ignores();
    await chamber.ignores();
    romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
    await juliet.receives(presence("subscribe", romeo, juliet));
    await chamber.receives(presence("subscribe", romeo, juliet));
    await asleep.receivesNothing();
  },
);

scenario(
  "6121 3.1.3: a request to an account that is not there is answered with unsubscribed",
  async ({ romeo, paris }) => {
    await romeo.online();
    romeo.sends(xml`<presence to="${paris.bare}" type="subscribe"/>`);
    await romeo.receives(pushed(paris.bare, { subscription: "none", ask: "subscribe" }));
    await romeo.receivesAll(pushed(paris.bare, { subscription: "none" }), presence("unsubscribed", paris, romeo));
  },
);

scenario("6121 3.1.3: one who may see the presence already is answered by the server", async ({ romeo, juliet }) => {
  await romeo.online();
  await juliet.online();
  await befriend(romeo, juliet);
  // Romeo forgets, without Juliet's knowledge, and asks again.
  romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
  await juliet.receivesNothing();
  await romeo.ignores();
});

scenario("6121 3.1.5, 3.2.2: a request that is refused leaves no trace on either side", async ({ romeo, juliet }) => {
  await romeo.online();
  await juliet.online();
  romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
  await romeo.receives(pushed(juliet.bare, { subscription: "none", ask: "subscribe" }));
  await juliet.receives(presence("subscribe", romeo, juliet));
  juliet.sends(xml`<presence to="${romeo.bare}" type="unsubscribed"/>`);
  await romeo.receivesAll(pushed(juliet.bare, { subscription: "none" }), presence("unsubscribed", juliet, romeo));
  await juliet.receivesNothing();
});

scenario("6121 3.2: a subscription that is cancelled ends with unavailable presence", async ({ romeo, juliet }) => {
  await romeo.online();
  await juliet.online();
  await befriend(romeo, juliet);
  juliet.sends(xml`<presence to="${romeo.bare}" type="unsubscribed"/>`);
  await juliet.receives(pushed(romeo.bare, { subscription: "to" }));
  await romeo.receivesAll(
    presence("unsubscribed", juliet, romeo),
    pushed(juliet.bare, { subscription: "from" }),
    xml`<presence type="unavailable" from="${juliet.full}"/>`,
  );
  juliet.sends(xml`<presence><show>away</show></presence>`);
  await juliet.ignores();
  await romeo.receivesNothing();
});

scenario(
  "6121 3.3: who unsubscribes sees the contact go, and is seen no less than before",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    await befriend(romeo, juliet);
    romeo.sends(xml`<presence to="${juliet.bare}" type="unsubscribe"/>`);
    await romeo.receivesAll(
      pushed(juliet.bare, { subscription: "from" }),
      xml`<presence type="unavailable" from="${juliet.full}"/>`,
    );
    await juliet.receivesAll(presence("unsubscribe", romeo, juliet), pushed(romeo.bare, { subscription: "to" }));
    romeo.sends(xml`<presence><show>away</show></presence>`);
    await juliet.receives(xml`<presence from="${romeo.full}"><show>away</show></presence>`);
    await romeo.ignores();
  },
);

scenario("6121 3.3: a request that is taken back is gone before it is seen", async ({ romeo, juliet }) => {
  await romeo.online();
  romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
  await romeo.receives(pushed(juliet.bare, { subscription: "none", ask: "subscribe" }));
  romeo.sends(xml`<presence to="${juliet.bare}" type="unsubscribe"/>`);
  await romeo.receives(pushed(juliet.bare, { subscription: "none" }));
  await romeo.receivesNothing();
  await juliet.online();
  await juliet.receivesNothing();
});

scenario(
  "6121 3.4: approved in advance: the request is granted without a question, though Juliet is away",
  async ({ romeo, juliet }) => {
    await juliet.online();
    expect(juliet.features?.child("sub", NS.PREAPPROVAL)).toBeDefined();
    juliet.sends(xml`<presence to="${romeo.bare}" type="subscribed"/>`);
    await juliet.receives(pushed(romeo.bare, { subscription: "none", approved: "true" }));
    await juliet.logsOut();
    await romeo.online();
    await romeo.receivesNothing();
    romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
    await romeo.receives(pushed(juliet.bare, { subscription: "none", ask: "subscribe" }));
    await romeo.receivesAll(presence("subscribed", juliet, romeo), pushed(juliet.bare, { subscription: "to" }));
    await juliet.online();
    await juliet.receivesNothing();
    expect(item(juliet, romeo.bare)?.attr("subscription")).toBe("from");
    await romeo.receives(xml`<presence from="${juliet.full}"/>`);
  },
);

scenario("6121 3.4.2: an approval in advance can be taken back", async ({ romeo, juliet }) => {
  await juliet.online();
  juliet.sends(xml`<presence to="${romeo.bare}" type="subscribed"/>`);
  await juliet.receives(pushed(romeo.bare, { subscription: "none", approved: "true" }));
  juliet.sends(xml`<presence to="${romeo.bare}" type="unsubscribed"/>`);
  await juliet.receives(pushed(romeo.bare, { subscription: "none" }));
  await romeo.online({ roster: false });
  romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
  await juliet.receives(presence("subscribe", romeo, juliet));
});

scenario("6121 2.5.2: removing the item takes both subscriptions along", async ({ romeo, juliet }) => {
  await romeo.online();
  await juliet.online();
  await befriend(romeo, juliet);
  await romeo.asks(
    xml`<iq type="set"><query xmlns="${NS.ROSTER}"><item jid="${juliet.bare}" subscription="remove"/></query></iq>`,
  );
  await romeo.receivesAll(
    xml`<iq type="set"><query xmlns="${NS.ROSTER}"><item jid="${juliet.bare}" subscription="remove"/></query></iq>`,
    xml`<presence type="unavailable" from="${juliet.full}"/>`,
  );
  await juliet.receivesInTime(presence("unsubscribe", romeo, juliet));
  await juliet.receivesInTime(presence("unsubscribed", romeo, juliet));
  await juliet.receivesInTime(xml`<presence type="unavailable" from="${romeo.full}"/>`);
  await juliet.receivesInTime(pushed(romeo.bare, { subscription: "none" }));
  await juliet.ignores();
  juliet.sends(xml`<presence><show>xa</show></presence>`);
  await juliet.ignores();
  await romeo.receivesNothing();
});

scenario("6121 3, Appendix A: what changes nothing is not passed on", async ({ romeo, juliet }) => {
  await romeo.online();
  await juliet.online();
  for (const type of ["unsubscribed", "unsubscribe"]) {
    romeo.sends(xml`<presence to="${juliet.bare}" type="${type}"/>`);
  }
  await juliet.receivesNothing();
  await romeo.ignores();
});

scenario("6121 3.1: a request to oneself changes nothing", async ({ romeo }) => {
  await romeo.online();
  romeo.sends(xml`<presence to="${romeo.bare}" type="subscribe"/>`);
  await romeo.receivesNothing();
});

scenario(
  "6121 3.1.5, 3.1.6: first the approval, then the roster push, then the presence that it allows",

  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
    await juliet.receives(presence("subscribe", romeo, juliet));
    await romeo.ignores();
    juliet.sends(xml`<presence to="${romeo.bare}" type="subscribed"/>`);
    await romeo.receivesAll(presence("subscribed", juliet, romeo), pushed(juliet.bare, { subscription: "to" }));
    await romeo.receives(xml`<presence from="${juliet.full}" type="{absent}"/>`);
    await juliet.ignores();
  },
);

cramped(
  "6121 2.3.3: a roster that is full takes no new contact by way of a subscription either",
  async ({ romeo, juliet, nurse, benvolio }) => {
    await romeo.online();
    romeo.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
    await romeo.receives(pushed(juliet.bare, { subscription: "none", ask: "subscribe" }));
    for (const [type, contact] of [
      ["subscribe", nurse],
      ["subscribed", benvolio],
    ] as const) {
      romeo.sends(xml`<presence to="${contact.bare}" type="${type}"/>`);
      await romeo.receives(
        xml`<presence type="error" from="${contact.bare}"><error type="wait"><resource-constraint xmlns="${NS.STANZAS}"/></error></presence>`,
      );
    }
    romeo.sends(xml`<presence to="${juliet.bare}" type="subscribed"/>`);
    await romeo.receives(pushed(juliet.bare, { subscription: "none", ask: "subscribe", approved: "true" }));
  },
);

cramped("6121 3.1.3: requests that wait are bounded, too", async ({ romeo, juliet, nurse }) => {
  await juliet.online({ roster: false });
  await nurse.online({ roster: false });
  for (const asker of [juliet, nurse]) {
    asker.sends(xml`<presence to="${romeo.bare}" type="subscribe"/>`);
    await asker.receivesNothing();
  }
  await romeo.online();
  await romeo.receives(presence("subscribe", juliet, romeo));
  await romeo.receivesNothing();
});
