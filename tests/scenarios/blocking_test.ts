/** XEP-0191: who is blocked gets nothing through, sees nobody, and learns no more than of an account that is away. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { befriend, grants } from "../conversation/befriend.ts";
import type { Device } from "../conversation/device.ts";
import { stage } from "../conversation/stage.ts";

/** Strangers are answered as contacts are: strangers_test.ts has how they are not, by default. */
const scenario = stage({ amp: { presencePolicy: "open" } });

const items = (jids: readonly string[]) => jids.map((jid) => xml`<item jid="${jid}"/>`);
const block = (...jids: string[]) => xml`<block xmlns="${NS.BLOCKING}">${items(jids)}</block>`;
const unblock = (...jids: string[]) => xml`<unblock xmlns="${NS.BLOCKING}">${items(jids)}</unblock>`;
const chat = (to: string) => xml`<message to="${to}" id="m1" type="chat"><body>Hi</body></message>`;
const refused = (from: string) =>
  xml`<message type="error" from="${from}" id="m1"><error type="cancel"><service-unavailable xmlns="${NS.STANZAS}"/></error></message>`;

async function sets(device: Device, payload: Markup): Promise<void> {
  expect((await device.asks(xml`<iq type="set">${payload}</iq>`)).attr("type")).toBe("result");
}

async function list(device: Device): Promise<(string | undefined)[]> {
  const answer = await device.asks(xml`<iq type="get"><blocklist xmlns="${NS.BLOCKING}"/></iq>`);
  return answer
    .child("blocklist", NS.BLOCKING)!
    .elements.map((item) => item.attr("jid"))
    .sort();
}

scenario(
  "XEP-0191 3.2 to 3.5: the list is empty, is added to, taken from and emptied, and outlives the session",
  async ({ juliet, romeo, tybalt }) => {
    await juliet.online();
    expect(await list(juliet)).toEqual([]);
    await sets(juliet, block(romeo.bare, tybalt.bare, "verona.example"));
    expect(await list(juliet)).toEqual([romeo.bare, tybalt.bare, "verona.example"].sort());
    await juliet.ignores();
    await juliet.logsOut();
    await juliet.online();
    await sets(juliet, unblock(tybalt.bare));
    expect(await list(juliet)).toEqual([romeo.bare, "verona.example"].sort());
    await sets(juliet, unblock());
    expect(await list(juliet)).toEqual([]);
    await juliet.ignores();
  },
);

scenario(
  "XEP-0191 3.3 to 3.5: changes are pushed to the resources that have asked for the list",
  async ({ juliet, romeo }) => {
    const chamber = juliet.device("chamber");
    const garden = juliet.device("garden");
    await juliet.online({ hears: ["iq"] });
    await chamber.online({ hears: ["iq"] });
    await garden.online({ hears: ["iq"] });
    await list(juliet);
    await list(chamber);
    for (const change of [block(romeo.bare), unblock(romeo.bare), block(romeo.bare), unblock()]) {
      await sets(juliet, change);
      await juliet.receives(xml`<iq type="set">${change}</iq>`);
      await chamber.receives(xml`<iq type="set">${change}</iq>`);
    }
    await garden.receivesNothing();
  },
);

scenario(
  "XEP-0191 3.3, 3.4: nothing to block, a bad JID, and somebody else's list: errors that change nothing",
  async ({ juliet, romeo }) => {
    await juliet.online();
    for (const payload of [block(), block("@bad")]) {
      const answer = await juliet.asks(xml`<iq type="set">${payload}</iq>`);
      expect(answer.child("error", NS.CLIENT)?.child("bad-request", NS.STANZAS)).toBeDefined();
    }
    const answer = await juliet.asks(xml`<iq type="set" to="${romeo.bare}">${block(juliet.bare)}</iq>`);
    expect(answer.attr("type")).toBe("error");
    await romeo.online();
    expect(await list(romeo)).toEqual([]);
    expect(await list(juliet)).toEqual([]);
  },
);

const SUBSCRIPTIONS = ["subscribe", "unsubscribe", "subscribed", "unsubscribed", "probe"];

for (const [what, jid, types] of [
  ["bare JID", (romeo: Device) => romeo.bare, SUBSCRIPTIONS],
  // Subscriptions come from the bare JID (RFC 6121 section 3.1.2), which is not blocked.
  ["full JID", (romeo: Device) => romeo.full, ["unavailable"]],
  ["domain", () => "localhost", SUBSCRIPTIONS],
] as const) {
  scenario(
    `XEP-0191 3.3: blocked by ${what}: messages and requests are refused as unavailable, presence does not get through`,
    async ({ juliet, romeo }) => {
      await romeo.online();
      await juliet.online();
      await sets(juliet, block(jid(romeo)));
      for (const to of [juliet.bare, juliet.full]) {
        romeo.sends(chat(to));
        await romeo.receives(refused(to));
        const answer = await romeo.asks(xml`<iq type="get" to="${to}"><x xmlns="urn:verona:riddle"/></iq>`);
        expect(answer.child("error", NS.CLIENT)?.child("service-unavailable", NS.STANZAS)).toBeDefined();
        for (const type of types) romeo.sends(xml`<presence to="${to}" type="${type}"/>`);
        romeo.sends(xml`<presence to="${to}"/>`);
        await romeo.ignores();
      }
      await juliet.receivesNothing();
    },
  );
}

scenario("XEP-0191 3.3: what a blocked sender sends waits for nobody", async ({ juliet, romeo }) => {
  await juliet.online();
  await sets(juliet, block(romeo.bare));
  await juliet.logsOut();
  await romeo.online();
  romeo.sends(chat(juliet.bare));
  await romeo.receives(refused(juliet.bare));
  await juliet.online();
  await juliet.receivesNothing();
  await sets(juliet, unblock(romeo.bare));
  await juliet.receivesNothing();
});

scenario(
  "XEP-0191 3.3, 3.4: a blocked contact sees the user go, and come back when unblocked",
  async ({ juliet, romeo }) => {
    await romeo.online();
    await juliet.online();
    await befriend(romeo, juliet);
    await sets(juliet, block(romeo.bare));
    await romeo.receives(xml`<presence type="unavailable" from="${juliet.full}"/>`);
    juliet.sends(xml`<presence><show>dnd</show></presence>`);
    await juliet.ignores();
    romeo.sends(xml`<presence to="${juliet.bare}" type="probe"/>`);
    romeo.sends(xml`<presence><show>away</show></presence>`);
    await romeo.receives(xml`<presence from="${romeo.full}"/>`);
    await romeo.receivesNothing();
    await juliet.receivesNothing();
    await sets(juliet, unblock(romeo.bare));
    await romeo.receives(xml`<presence from="${juliet.full}"><show>dnd</show></presence>`);
    await romeo.receivesNothing();
  },
);

scenario("XEP-0191 3.3: who logs in is not seen by whom it has blocked", async ({ juliet, romeo }) => {
  await romeo.online();
  await juliet.online();
  await befriend(romeo, juliet);
  await sets(juliet, block(romeo.bare));
  await juliet.logsOut();
  await romeo.ignores();
  await juliet.online();
  await romeo.receivesNothing();
  await romeo.logsOut();
  await romeo.online();
  await romeo.receivesNothing();
  await juliet.receivesNothing();
});

scenario("XEP-0191 3.3: the user cannot send to whom it has blocked", async ({ juliet, romeo }) => {
  await romeo.online();
  await juliet.online();
  await sets(juliet, block(romeo.bare));
  const blocked = xml`<error type="cancel"><not-acceptable xmlns="${NS.STANZAS}"/><blocked xmlns="${NS.BLOCKING_ERRORS}"/></error>`;
  juliet.sends(chat(romeo.bare));
  await juliet.receives(xml`<message type="error" from="${romeo.bare}" id="m1">${blocked}</message>`);
  await juliet.asksAndGets(
    xml`<iq type="get" to="${romeo.full}"><x xmlns="urn:verona:riddle"/></iq>`,
    xml`<iq type="error" from="${romeo.full}">${blocked}</iq>`,
  );
  juliet.sends(xml`<presence to="${romeo.full}" id="p1"/>`);
  await juliet.receives(xml`<presence type="error" id="p1">${blocked}</presence>`);
  await romeo.receivesNothing();
});

scenario(
  "XEP-0191 6: what a blocked sender gets is what anybody gets of an account that is not there",
  async ({ juliet, romeo, paris }) => {
    await romeo.online();
    await juliet.online();
    await grants(juliet, romeo);
    await sets(juliet, block(romeo.bare));
    await romeo.ignores();
    const answers: string[] = [];
    for (const person of [juliet, paris]) {
      romeo.sends(chat(person.bare));
      const error = await romeo.receives(refused(person.bare));
      const iq = await romeo.asks(
        xml`<iq type="get" id="same" to="${person.bare}"><query xmlns="${NS.DISCO_INFO}"/></iq>`,
      );
      answers.push(`${error}${iq}`.replaceAll(person.bare, "NAME"));
    }
    expect(answers[0]).toBe(answers[1]!);
  },
);

scenario(
  "XEP-0191 5: who blocks a domain that is the own one does not block the own account",
  async ({ juliet, server }) => {
    const chamber = juliet.device("chamber");
    await juliet.online({ hears: ["message"] });
    await chamber.online({ hears: ["message"] });
    await sets(juliet, block(server.domain));
    juliet.sends(chat(chamber.full));
    await chamber.receives(xml`<message from="${juliet.full}" to="${chamber.full}"><body>Hi</body></message>`);
    const roster = xml`<iq type="get" to="${juliet.bare}"><query xmlns="${NS.ROSTER}"/></iq>`;
    expect((await juliet.asks(roster)).attr("type")).toBe("result");
    await sets(juliet, unblock());
  },
);
