/**
 * XEP-0079 3.3.1 as whole conversations: whoever the recipient is and wherever it is, however it is addressed, whatever is
 * stored: the sender learns what was done, by any of the actions, and that is what was done.
 */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp, type Deliver, type Parties, reply, whatever } from "../conversation/amp.ts";
import type { Cast } from "../conversation/cast.ts";
import type { Device } from "../conversation/device.ts";
import { type Scenario, stage } from "../conversation/stage.ts";

const STORAGES = ["archive and offline", "archive only", "offline only", "none"] as const;
type Storage = (typeof STORAGES)[number];

const RECIPIENTS = [
  "online with that resource",
  "online with another",
  "negative priority only",
  "away",
  "unknown",
  "blocked",
  "blocking",
] as const;
type Recipient = (typeof RECIPIENTS)[number];

const ADDRESSES = ["bare", "full"] as const;
type Address = (typeof ADDRESSES)[number];

const ACTIONS = ["drop", "alert", "error"] as const;

function expected(recipient: Recipient, address: Address, storage: Storage): Deliver {
  switch (recipient) {
    case "online with that resource":
    case "online with another":
      return "direct";
    case "negative priority only":
      // 6121 8.5.3.1: its own full JID reaches it, whatever the priority.
      if (address === "full") return "direct";
      return storage === "none" ? "none" : "stored";
    case "away":
      return storage === "none" ? "none" : "stored";
    default:
      return "none";
  }
}

/** Puts the recipient into its state. Returns the device that would get the message, and the address. */
async function arrange(recipient: Recipient, address: Address, { romeo, juliet, paris }: Cast) {
  await romeo.online({ hears: ["message"] });
  const device = recipient === "online with another" ? juliet.device("chamber") : juliet;
  const isThere = recipient !== "away" && recipient !== "unknown";
  if (isThere) {
    await device.online({ hears: ["message"], ...(recipient === "negative priority only" && { priority: -1 }) });
  }
  if (recipient === "blocked") await blocks(device, romeo.bare);
  if (recipient === "blocking") await blocks(romeo, juliet.bare);
  const person = recipient === "unknown" ? paris : juliet;
  const to = address === "bare" ? person.bare : `${person.bare}/balcony`;
  return { device: isThere ? device : undefined, to };
}

async function blocks(device: Device, jid: string): Promise<void> {
  await device.asks(xml`<iq type="set"><block xmlns="${NS.BLOCKING}"><item jid="${jid}"/></block></iq>`);
}

/** The ordinary error for a message that nothing delivers. */
function ordinaryError(recipient: Recipient, from: string): Markup {
  const condition =
    recipient === "blocking"
      ? xml`<not-acceptable xmlns="${NS.STANZAS}"/><blocked xmlns="${NS.BLOCKING_ERRORS}"/>`
      : xml`<service-unavailable xmlns="${NS.STANZAS}"/>`;
  return xml`
    <message type="error" from="${from}" to="{any}" id="m1"><error type="cancel" code="{any}">${condition}</error></message>`;
}

/** XEP-0191 section 3.3: the sender's own session refuses it, and no rule is looked at. */
const WRONG: readonly Recipient[] = [];

const message = (to: string, rules: Markup) =>
  xml`<message to="${to}" id="m1" type="chat"><body>Hi</body>${rules}</message>`;

for (const storage of STORAGES) {
  const scenario: Scenario = stage({
    amp: { presencePolicy: "open" },
    archive: { enabled: storage.includes("archive") },
    offline: { enabled: storage.includes("offline") },
  });

  for (const recipient of RECIPIENTS) {
    for (const address of ADDRESSES) {
      const deliver = expected(recipient, address, storage);
      const failing = WRONG.includes(recipient);
      const cell = `${recipient}, ${address} JID, storage ${storage}: ${deliver}`;

      scenario(`XEP-0079 3.3.1: ${cell}: notify tells so, and so it is`, { failing }, async (cast) => {
        const { romeo, juliet, server } = cast;
        const { device, to } = await arrange(recipient, address, cast);
        const parties: Parties = { domain: server.domain, from: romeo.full, to };
        romeo.sends(message(to, whatever("notify")));
        const event = reply(`deliver ${deliver} notify`, parties)!;
        await romeo.hasReceived(deliver === "none" ? [event, ordinaryError(recipient, to)] : [event], { exact: true });
        if (deliver === "direct")
          await device!.receives(xml`<message from="${romeo.full}" to="${to}" id="m1"><body>Hi</body></message>`);
        device?.hasReceivedNothing();
        const later = juliet.device("later");
        await later.online({ hears: ["message"] });
        if (deliver === "stored" && storage.includes("offline"))
          await later.receives(xml`<message from="${romeo.full}" id="m1"><body>Hi</body></message>`);
        await later.receivesNothing();
        if (!storage.includes("archive")) return;
        const count = await archived(later);
        expect(count).toBe(deliver === "none" ? 0 : 1);
      });

      scenario(`XEP-0079 3.4: ${cell}: drop, alert and error take its place`, { failing }, async (cast) => {
        const { romeo, juliet, server } = cast;
        const { device, to } = await arrange(recipient, address, cast);
        const parties: Parties = { domain: server.domain, from: romeo.full, to };
        for (const action of ACTIONS) {
          romeo.sends(message(to, amp(`deliver ${deliver} ${action}`)));
          const answer = reply(`deliver ${deliver} ${action}`, parties);
          await romeo.hasReceived(answer === undefined ? [] : [answer], { exact: true });
        }
        device?.hasReceivedNothing();
        const later = juliet.device("later");
        await later.online({ hears: ["message"] });
        await later.receivesNothing();
        if (storage.includes("archive")) expect(await archived(later)).toBe(0);
      });
    }
  }
}

/** How many messages are in one's archive. */
async function archived(device: Device): Promise<number> {
  await device.asks(xml`<iq type="set"><query xmlns="${NS.MAM}"/></iq>`);
  return device.drops().length;
}
