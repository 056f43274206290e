/** RFC 6121 section 4: presence is told to those who may see it, and its end is told however it comes about. */

import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { befriend, grants } from "../conversation/befriend.ts";
import type { Cast } from "../conversation/cast.ts";
import { ALL, MANAGED, stage } from "../conversation/stage.ts";

/** A BOSH client that is gone is missed after `inactivity`; the sweep runs every 250 ms. */
const IMPATIENT = { bosh: { inactivity: 1 }, probe: { timeoutSeconds: 1, idleSeconds: 5 } };
const scenario = stage(IMPATIENT);

const available = (from: string, to: string) => xml`<presence from="${from}" to="${to}" type="{absent}"/>`;
const unavailable = (from: string) => xml`<presence from="${from}" type="unavailable"/>`;

scenario(
  "6121 4.2.2: initial presence goes to those who may see it and to the own resources",
  async ({ romeo, juliet, nurse }) => {
    const street = romeo.device("street");
    await juliet.online();
    await nurse.online();
    await romeo.online();
    await grants(romeo, juliet);
    await romeo.logsOut();
    await juliet.receives(unavailable(romeo.full));
    await romeo.online();
    await juliet.receives(available(romeo.full, juliet.bare));
    await street.online();
    await juliet.receives(available(street.full, juliet.bare));
    await romeo.receives(available(street.full, romeo.full));
    await street.receives(available(romeo.full, street.full));
    await nurse.receivesNothing();
    await juliet.receivesNothing();
  },
);

scenario(
  "6121 4.2.2, 4.3: who comes online sees who is there already, and what they have to say",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    await grants(juliet, romeo);
    juliet.sends(xml`<presence><show>away</show><status>On the balcony</status><priority>7</priority></presence>`);
    await romeo.ignores();
    await juliet.ignores();
    await romeo.logsOut();
    await romeo.online();
    await romeo.receives(
      xml`<presence from="${juliet.full}"><show>away</show><status>On the balcony</status><priority>7</priority></presence>`,
    );
    await romeo.receivesNothing();
  },
);

scenario("6121 4.3.2: a probe from one who may see gets the presence of each resource", async ({ romeo, juliet }) => {
  const chamber = juliet.device("chamber");
  await romeo.online();
  await juliet.online();
  await chamber.online({ hears: ["message"] });
  await grants(juliet, romeo);
  await romeo.ignores();
  romeo.sends(xml`<presence to="${juliet.bare}" type="probe"/>`);
  await romeo.receivesAll(xml`<presence from="${juliet.full}"/>`, xml`<presence from="${chamber.full}"/>`);
  await romeo.receivesNothing();
  await juliet.ignores();
});

scenario(
  "6121 4.3.2, A.3.4: a stranger's probe tells nothing, whether the account is there or not",
  async ({ romeo, juliet, paris }) => {
    await romeo.online();
    await juliet.online();
    for (const target of [juliet, paris]) {
      romeo.sends(xml`<presence to="${target.bare}" type="probe"/>`);
      // The server's "unsubscribed" changes nothing for one who has no subscription, and so goes no further.
      await romeo.receivesNothing();
    }
    await juliet.receivesNothing();
  },
);

scenario(
  "6121 4.4.2: a change of presence goes to those who may see it, unchanged",
  async ({ romeo, juliet, nurse }) => {
    await romeo.online();
    await juliet.online();
    await nurse.online();
    await grants(romeo, juliet);
    const rich = xml`<show>xa</show><status>Banished</status><priority>3</priority><x xmlns="urn:verona:mood"><sad/></x>`;
    romeo.sends(xml`<presence id="p2">${rich}</presence>`);
    await juliet.receives(xml`<presence from="${romeo.full}" to="${juliet.bare}" id="p2">${rich}</presence>`, {
      exact: true,
    });
    await romeo.receives(xml`<presence from="${romeo.full}">${rich}</presence>`);
    await nurse.receivesNothing();
  },
);

scenario(
  "6121 4.5.2: unavailable presence is passed on with its status, and the resource gets none from then on",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    await befriend(romeo, juliet);
    romeo.sends(xml`<presence type="unavailable"><status>To Mantua</status></presence>`);
    await juliet.receives(xml`<presence from="${romeo.full}" type="unavailable"><status>To Mantua</status></presence>`);
    await romeo.receives(unavailable(romeo.full));
    juliet.sends(xml`<presence><show>away</show></presence>`);
    await juliet.ignores();
    await romeo.receivesNothing();
  },
);

const goes: Readonly<Record<string, (cast: Cast) => Promise<void> | void>> = {
  "ends its stream": ({ romeo }) => romeo.logsOut(),
  "loses its connection": ({ romeo }) => romeo.cuts(),
  "is thrown out for bad input": async ({ romeo, transport }) => {
    romeo.sendsRaw(transport === "bosh" ? "<a xmlns='jabber:client'><b>" : "<message><body></message></body>");
    if (transport === "bosh") await romeo.gets("body", NS.HTTPBIND);
    else await romeo.isThrownOut("not-well-formed");
  },
};

for (const [how, leaves] of Object.entries(goes)) {
  scenario(`6121 4.5.2: Romeo ${how}: who saw him sees him go, and so does who got directed presence`, async (cast) => {
    const { romeo, juliet, nurse } = cast;
    await romeo.online();
    await juliet.online();
    await nurse.online();
    await grants(romeo, juliet);
    romeo.sends(xml`<presence to="${nurse.full}"><status>Only for you</status></presence>`);
    await nurse.receives(
      xml`<presence from="${romeo.full}" to="${nurse.full}"><status>Only for you</status></presence>`,
    );
    await leaves(cast);
    await juliet.receives(unavailable(romeo.full));
    await nurse.receives(unavailable(romeo.full));
    await juliet.receivesNothing();
    await nurse.receivesNothing();
  });
}

scenario(
  "6121 4.5.2: a connection that is silently dead is found out, and the end is told",
  { transports: ALL.filter((t) => t !== "bosh") },
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    await grants(romeo, juliet);
    romeo.freezes();
    juliet.sends(xml`<message to="${romeo.full}" type="chat"><body>Romeo?</body></message>`);
    await juliet.receives(unavailable(romeo.full));
  },
);

scenario("6121 4.6: directed presence goes to whom it is for, and to nobody else", async ({ romeo, juliet, nurse }) => {
  await romeo.online({ presence: false });
  await juliet.online();
  await nurse.online();
  romeo.sends(xml`<presence to="${juliet.bare}"><status>Psst</status></presence>`);
  await juliet.receives(xml`<presence from="${romeo.full}" to="${juliet.bare}"><status>Psst</status></presence>`);
  await nurse.receivesNothing();
  romeo.sends(xml`<presence to="${juliet.bare}" type="unavailable"/>`);
  await juliet.receives(unavailable(romeo.full));
  await romeo.logsOut();
  await juliet.receivesNothing();
});

scenario(
  "6121 4.6.3: broadcast does not go to those who got directed presence alone, unavailable does, once",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    romeo.sends(xml`<presence to="${juliet.full}"/>`);
    await juliet.receives(available(romeo.full, juliet.full));
    romeo.sends(xml`<presence><show>away</show></presence>`);
    await romeo.ignores();
    await juliet.receivesNothing();
    await romeo.becomesUnavailable();
    await juliet.receives(unavailable(romeo.full));
    await romeo.logsOut();
    await juliet.receivesNothing();
  },
);

scenario(
  "6121 4.6.3: who got directed presence of a resource that was never available is told of its end, though a contact",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    await grants(romeo, juliet);
    await romeo.logsOut();
    await juliet.receives(unavailable(romeo.full));
    await romeo.online({ presence: false });
    romeo.sends(xml`<presence to="${juliet.bare}"/>`);
    await juliet.receives(available(romeo.full, juliet.bare));
    romeo.sends(xml`<presence to="${juliet.bare}" type="probe"/>`);
    await romeo.ignores();
    await romeo.logsOut();
    await juliet.receives(unavailable(romeo.full));
  },
);

scenario(
  "6121 4.7.2.3: a priority out of range is refused or taken as zero, and harms nobody",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    await grants(romeo, juliet);
    for (const priority of ["128", "-129", "high", ""]) {
      romeo.sends(xml`<presence><priority>${priority}</priority></presence>`);
    }
    await juliet.ignores();
    await romeo.ignores();
    juliet.sends(xml`<message to="${romeo.bare}" type="chat"><body>Still there?</body></message>`);
    await romeo.receives(xml`<message from="${juliet.full}"><body>Still there?</body></message>`);
  },
);

scenario("6121 4.7.1: presence of an unknown type is answered with bad-request", async ({ romeo }) => {
  await romeo.online();
  romeo.sends(xml`<presence type="melancholy" id="p1"/>`);
  await romeo.receives(
    xml`<presence type="error" id="p1"><error type="modify"><bad-request xmlns="${NS.STANZAS}"/></error></presence>`,
  );
});

scenario(
  "6121 4.3.2.2, XEP-0198 5: while a stream may be resumed its presence stays",
  { transports: MANAGED },
  async ({ romeo, juliet }) => {
    await romeo.online({ sm: true });
    await juliet.online();
    await grants(romeo, juliet);
    romeo.cuts();
    await juliet.receivesNothing();
    await romeo.resumes();
    await romeo.ignores();
    await juliet.receivesNothing();
    await romeo.logsOut();
    await juliet.receives(unavailable(romeo.full));
  },
);

scenario(
  "6120 7.7.2.2: the newer session takes the resource over; contacts see the old one go and the new one come",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    await grants(romeo, juliet);
    const again = romeo.device(romeo.resource);
    await again.online();
    await romeo.isThrownOut("conflict");
    await juliet.receives(unavailable(romeo.full));
    await juliet.receives(available(again.full, juliet.bare));
    await again.receivesNothing();
    juliet.sends(xml`<message to="${again.full}" type="chat"><body>Which one?</body></message>`);
    await again.receives(xml`<message from="${juliet.full}"><body>Which one?</body></message>`);
    await again.logsOut();
    await juliet.receives(unavailable(again.full));
  },
);

scenario("6120 7.6: a resource of the server's choice is unlike any other", async ({ romeo }) => {
  const one = romeo.device("");
  const other = romeo.device("");
  await one.logsIn();
  await other.logsIn();
  if (one.resource === "" || one.resource === other.resource)
    throw new Error(`Resources: ${one.resource} ${other.resource}`);
});
