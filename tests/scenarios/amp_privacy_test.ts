/** XEP-0079 section 9: rules tell nobody more than presence would. And section 2.2.5: events find their sender. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp, notice, type Parties, rule } from "../conversation/amp.ts";
import { befriend, grants } from "../conversation/befriend.ts";
import type { Cast } from "../conversation/cast.ts";
import type { Device } from "../conversation/device.ts";
import { stage } from "../conversation/stage.ts";

/** The default: presence_policy "subscribed". */
const scenario = stage({ bosh: { inactivity: 1 }, probe: { timeoutSeconds: 1, idleSeconds: 5 } });
const onDisk = stage({ onDisk: true });

const messagesOnly = { hears: ["message"] } as const;
const message = (to: string, rules: Markup, id = "m1") =>
  xml`<message to="${to}" id="${id}" type="chat"><body>Hi</body>${rules}</message>`;
const delivered = xml`<message id="m1" type="chat"><body>Hi</body></message>`;

function refused(domain: string, to: string, ...rules: readonly string[]): Markup {
  const named = rules.map(rule);
  return xml`
    <message type="error" from="${domain}" to="${to}" id="m1">
      <amp xmlns="${NS.AMP}">${named}</amp>
      <error type="modify" code="405"><not-acceptable xmlns="${NS.STANZAS}"/><text xmlns="${NS.STANZAS}" xml:lang="en"/><invalid-rules xmlns="${NS.AMP}">${named}</invalid-rules></error>
    </message>`;
}

async function blocks(device: Device, jid: string): Promise<void> {
  await device.asks(xml`<iq type="set"><block xmlns="${NS.BLOCKING}"><item jid="${jid}"/></block></iq>`);
}

const RULES = [
  "deliver direct notify",
  "deliver stored alert",
  "match-resource any error",
  "expire-at 2002-09-10T23:08:25Z notify",
];

scenario(
  "9: a sender without a right to see the presence gets the same bytes, whatever the recipient's state",
  async (cast) => {
    const { romeo, juliet, nurse, benvolio, tybalt, paris } = cast;
    const chamber = nurse.device("chamber");
    await romeo.online(messagesOnly);
    await juliet.online();
    await chamber.online();
    await benvolio.online({ priority: -1 });
    await tybalt.online();
    await blocks(tybalt, romeo.bare);
    const away = cast.nurse.device("nobody");
    const addresses = [
      juliet.bare,
      juliet.full,
      nurse.full,
      benvolio.bare,
      away.full,
      tybalt.bare,
      tybalt.full,
      paris.bare,
      paris.full,
    ];
    for (const type of ["chat", "normal", "headline"]) {
      const answers = new Set<string>();
      for (const to of addresses) {
        romeo.sends(xml`<message to="${to}" id="m1" type="${type}"><body>Hi</body>${amp(...RULES)}</message>`);
        const [answer, ...more] = await romeo.ignores();
        expect(more).toEqual([]);
        answers.add(String(answer));
      }
      expect([...answers]).toHaveLength(1);
      expect(String([...answers][0])).toContain("not-acceptable");
    }
    for (const device of [juliet, chamber, benvolio, tybalt]) device.drops();
  },
);

scenario(
  "9: the refusal names the rules that could report, and comes whether they would be met or not",
  async (cast) => {
    const { romeo, juliet, server } = cast;
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    romeo.sends(message(juliet.bare, amp("deliver none notify", "deliver direct drop", "deliver stored error")));
    await romeo.hasReceived([refused(server.domain, romeo.full, "deliver none notify", "deliver stored error")], {
      exact: true,
    });
    await juliet.receivesNothing();
  },
);

scenario("9: drop is accepted from anybody, and nobody learns that it was met", async (cast) => {
  const { romeo, juliet, nurse } = cast;
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  romeo.sends(message(juliet.bare, amp("deliver stored drop")));
  await juliet.receives(delivered);
  romeo.sends(message(nurse.bare, amp("deliver stored drop")));
  await romeo.receivesNothing();
  await nurse.online(messagesOnly);
  await nurse.receivesNothing();
});

for (const [direction, may] of [
  ["from", true],
  ["both", true],
  ["to", false],
  ["none", false],
] as const) {
  scenario(
    `9: Juliet's subscription "${direction}" for Romeo: his rules are ${may ? "accepted" : "refused"}, there or away`,
    async (cast) => {
      const { romeo, juliet, server } = cast;
      await romeo.online();
      await juliet.online();
      if (direction === "both") await befriend(romeo, juliet);
      if (direction === "from") await grants(juliet, romeo);
      if (direction === "to") await grants(romeo, juliet);
      const parties: Parties = { domain: server.domain, from: romeo.full, to: juliet.bare };
      romeo.sends(message(juliet.bare, amp("deliver direct notify", "deliver stored notify")));
      if (may) await juliet.receives(delivered);
      const no = refused(server.domain, romeo.full, "deliver direct notify", "deliver stored notify");
      await romeo.hasReceived([may ? notice("deliver direct notify", parties) : no]);
      await juliet.logsOut();
      await romeo.ignores();
      romeo.sends(message(juliet.bare, amp("deliver direct notify", "deliver stored notify")));
      await romeo.hasReceived([may ? notice("deliver stored notify", parties) : no]);
    },
  );
}

scenario("9: a right that is taken back is gone with the next message", async (cast) => {
  const { romeo, juliet, server } = cast;
  await romeo.online(messagesOnly);
  await juliet.online();
  await grants(juliet, romeo);
  juliet.sends(xml`<presence to="${romeo.bare}" type="unsubscribed"/>`);
  await juliet.ignores();
  romeo.sends(message(juliet.bare, amp("deliver direct notify")));
  await romeo.hasReceived([refused(server.domain, romeo.full, "deliver direct notify")]);
  await juliet.receivesNothing();
});

scenario(
  "9, XEP-0191: a contact that is blocked gets the same bytes as a stranger, though its subscription stays",
  async (cast) => {
    const { romeo, juliet, server } = cast;
    await romeo.online(messagesOnly);
    await juliet.online();
    await grants(juliet, romeo);
    await blocks(juliet, romeo.bare);
    await romeo.ignores();
    for (const to of [juliet.bare, juliet.full]) {
      romeo.sends(message(to, amp("deliver direct notify")));
      await romeo.hasReceived([refused(server.domain, romeo.full, "deliver direct notify")], { exact: true });
    }
    await juliet.receivesNothing();
  },
);

scenario("9: talking to oneself is always allowed", async (cast) => {
  const { romeo, server } = cast;
  const street = romeo.device("street");
  await romeo.online(messagesOnly);
  await street.online(messagesOnly);
  romeo.sends(message(street.full, amp("deliver direct notify")));
  await street.receives(delivered);
  await romeo.hasReceived([
    notice("deliver direct notify", { domain: server.domain, from: romeo.full, to: street.full }),
  ]);
});

// Where events go

async function unproved({ romeo, juliet }: Cast): Promise<void> {
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  await grants(juliet, romeo);
  juliet.drops();
  juliet.withholdsProof();
  romeo.sends(message(juliet.bare, amp("deliver direct notify")));
  await juliet.receives(delivered);
}

scenario("2.2.5: the device that sent is gone: the event goes to another of the sender's devices", async (cast) => {
  const { romeo, juliet, server } = cast;
  await unproved(cast);
  const street = romeo.device("street");
  await street.online(messagesOnly);
  const { full } = romeo;
  await romeo.logsOut();
  juliet.provesAgain();
  const event = await street.receives(
    xml`<message from="${server.domain}" id="m1"><amp xmlns="${NS.AMP}" status="notify" from="${full}" to="${juliet.bare}">${rule("deliver direct notify")}</amp></message>`,
  );
  expect(event.child("body", NS.CLIENT)).toBeUndefined();
  await street.receivesNothing();
});

scenario(
  "2.2.5: nobody of the sender's is there: the event waits, and is neither archived nor copied",
  async (cast) => {
    const { romeo, juliet, server } = cast;
    await unproved(cast);
    const { full } = romeo;
    await romeo.logsOut();
    juliet.provesAgain();
    await juliet.receivesNothing();
    const street = romeo.device("street");
    await street.online({ ...messagesOnly, carbons: true, priority: -1 });
    await romeo.online(messagesOnly);
    await romeo.receives(
      xml`<message from="${server.domain}" id="m1"><amp xmlns="${NS.AMP}" status="notify" from="${full}" to="${juliet.bare}"/><delay xmlns="${NS.DELAY}" stamp="{any}"/></message>`,
    );
    await romeo.receivesNothing();
    await street.receivesNothing();
    await romeo.asks(xml`<iq type="set"><query xmlns="${NS.MAM}"/></iq>`);
    expect(romeo.drops()).toHaveLength(1);
  },
);

onDisk("2.2.5: an event that waits outlives a restart", async (cast) => {
  const { romeo, juliet, server } = cast;
  await unproved(cast);
  await romeo.logsOut();
  juliet.provesAgain();
  await juliet.receivesNothing();
  juliet.cuts();
  await server.restart();
  await romeo.online(messagesOnly);
  await romeo.receives(
    xml`<message from="${server.domain}" id="m1"><amp xmlns="${NS.AMP}" status="notify" to="${juliet.bare}"/></message>`,
  );
  await romeo.receivesNothing();
});
