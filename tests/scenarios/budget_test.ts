/** What an account may send over all its sessions: beyond it the account is read no faster, and nobody else notices. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { MANAGED, stage } from "../conversation/stage.ts";

const BURST = 20;
const RATE = 20;
/** Two seconds more than the burst: time for another account to be answered before. */
const FLOOD = BURST + 2 * RATE;
/** The budget of an account is that of each process. */
const scenario = stage({ nodes: 1, limits: { stanzasPerSecond: RATE, stanzaBurst: BURST } });

const ping = xml`<ping xmlns="${NS.PING}"/>`;
const done = xml`<iq type="result"/>`;

scenario(
  "an account over its budget gets all answers at its rate, over all sessions, and another at once",
  async ({ romeo, juliet, server }) => {
    await romeo.logsIn();
    const phone = romeo.device("phone");
    await phone.logsIn();
    await juliet.logsIn();
    const answered: string[] = [];
    const began = Date.now();
    const asks = async (device: typeof romeo, id: string) => {
      await device.asksAndGets(xml`<iq type="get" id="${id}" to="${server.domain}">${ping}</iq>`, done);
      answered.push(id);
    };
    const flood = Array.from({ length: FLOOD }, (_, at) => asks(at % 2 === 0 ? romeo : phone, `r${at}`));
    const ofAnother = Array.from({ length: BURST / 2 }, (_, at) => asks(juliet, `j${at}`));
    await Promise.all(ofAnother);
    const before = answered.filter((id) => id.startsWith("r")).length;
    expect(before).toBeLessThan(FLOOD);
    await Promise.all(flood);
    expect(answered).toHaveLength(FLOOD + BURST / 2);
    // The last of the burst's debt is handled before it is paid.
    expect(Date.now() - began).toBeGreaterThan(1800);
  },
);

// A client of BOSH has at most its open requests on their way.
scenario(
  "what a client has sent before it leaves is handled all the same",
  { transports: MANAGED },
  async ({ romeo, juliet }) => {
    await juliet.online({ hears: ["message"] });
    await romeo.online({ hears: ["message"] });
    const count = BURST + RATE / 2;
    for (let at = 0; at < count; at++) {
      romeo.sends(xml`<message to="${juliet.bare}" type="chat" id="m${at}"><body>${at}</body></message>`);
    }
    romeo.leaves();
    for (let at = 0; at < count; at++) await juliet.receives(xml`<message id="m${at}"/>`);
  },
);
