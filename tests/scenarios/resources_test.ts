/** RFC 6120 section 7: how many sessions an account has at a time, and whose place a new one takes. */
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { MANAGED, stage } from "../conversation/stage.ts";

const scenario = stage({ limits: { resourcesPerUser: 2 } });
const messagesOnly = { hears: ["message"] } as const;

scenario(
  "7.6.2.1: one session too many takes the place of one that lost its connection, whose messages go to another, and of no other session",
  { transports: MANAGED },
  async ({ romeo, juliet }) => {
    await romeo.online(messagesOnly);
    await juliet.online({ ...messagesOnly, sm: true });
    const phone = juliet.device("phone");
    await phone.online(messagesOnly);
    juliet.cuts();
    romeo.sends(xml`<message to="${juliet.full}" id="m1" type="chat"><body>m1</body></message>`);
    await romeo.receivesNothing();
    const tablet = juliet.device("tablet");
    await tablet.online(messagesOnly);
    await phone.receives(xml`<message from="${romeo.full}" id="m1" type="chat"><body>m1</body></message>`);
    const laptop = juliet.device("laptop");
    await laptop.connects();
    await laptop.authenticates();
    await laptop.asksAndGets(
      xml`<iq type="set" id="b"><bind xmlns="${NS.BIND}"/></iq>`,
      xml`<iq type="error"><error type="wait"><resource-constraint xmlns="${NS.STANZAS}"/></error></iq>`,
    );
    await phone.pings(phone.bare);
    await tablet.pings(tablet.bare);
  },
);
