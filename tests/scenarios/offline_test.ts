/** XEP-0160, XEP-0203, XEP-0334: messages for somebody away wait, in order, until a device has proved that it has them. */
import { expect } from "bun:test";
import { parseDateTime } from "../../xmpp/date_time.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { befriend } from "../conversation/befriend.ts";
import type { Device } from "../conversation/device.ts";
import { ALL, stage } from "../conversation/stage.ts";

const IMPATIENT = { bosh: { inactivity: 1 }, probe: { timeoutSeconds: 1, idleSeconds: 5 } };
/** Strangers are answered as contacts are: strangers_test.ts has how they are not, by default. */
const KNOWN = { amp: { presencePolicy: "open" } } as const;
const scenario = stage({ ...KNOWN, ...IMPATIENT });
const smallStore = stage({ ...KNOWN, limits: { offlineMessages: 3 } });
const archiveOnly = stage({ ...KNOWN, offline: { enabled: false } });
const offlineOnly = stage({ ...KNOWN, archive: { enabled: false } });
const forgetful = stage({ ...KNOWN, offline: { enabled: false }, archive: { enabled: false } });
const manyStrangers = stage({ ...KNOWN, limits: { offlineMessagesFromStrangers: 0 } });
const onDisk = stage({ ...KNOWN, ...IMPATIENT, onDisk: true });

const chat = (to: string, id: string, content: Markup = xml`<body>${id}</body>`) =>
  xml`<message to="${to}" id="${id}" type="chat">${content}</message>`;
const got = (from: Device, id: string) =>
  xml`<message from="${from.full}" id="${id}" type="chat"><body>${id}</body></message>`;
const unavailable = (id: string) =>
  xml`<message type="error" id="${id}"><error type="cancel"><service-unavailable xmlns="${NS.STANZAS}"/></error></message>`;
const stanzaId = (message: Element) => message.child("stanza-id", NS.SID)?.attr("id");
const messagesOnly = { hears: ["message"] } as const;

scenario(
  "XEP-0160 3: what waits comes in order, whole and stamped with when it was sent, once",
  async ({ romeo, juliet, server }) => {
    const before = Date.now();
    await romeo.online();
    for (let at = 0; at < 5; at++)
      romeo.sends(chat(juliet.bare, `m${at}`, xml`<body>m${at}</body><x xmlns="urn:verona:rose">thorn</x>`));
    await romeo.receivesNothing();
    const after = Date.now();
    await juliet.online();
    for (let at = 0; at < 5; at++) {
      const message = await juliet.receives(
        xml`<message from="${romeo.full}" to="${juliet.bare}" id="m${at}" type="chat"><body>m${at}</body><x xmlns="urn:verona:rose">thorn</x><delay xmlns="${NS.DELAY}" from="${server.domain}" stamp="{any}"/></message>`,
      );
      const stamp = parseDateTime(message.child("delay", NS.DELAY)!.attr("stamp")!)!;
      expect(stamp).toBeGreaterThanOrEqual(before - 1000);
      expect(stamp).toBeLessThanOrEqual(after + 1000);
      expect(message.attr("to")).toBe(juliet.bare);
    }
    await juliet.receivesNothing();
    await juliet.logsOut();
    await juliet.online();
    await juliet.receivesNothing();
  },
);

scenario(
  "XEP-0160 3, 6121 8.5.2.2: nothing is delivered to a resource without presence or of negative priority",
  async ({ romeo, juliet }) => {
    const chamber = juliet.device("chamber");
    await romeo.online();
    romeo.sends(chat(juliet.bare, "m1"));
    await romeo.receivesNothing();
    await chamber.logsIn(messagesOnly);
    await juliet.online({ priority: -1, ...messagesOnly });
    await juliet.receivesNothing();
    await chamber.receivesNothing();
    juliet.sends(xml`<presence><priority>1</priority></presence>`);
    await juliet.receives(got(romeo, "m1"));
    await juliet.receivesNothing();
    await chamber.receivesNothing();
  },
);

scenario(
  "Durability: what a device got and did not prove is offered again, with the same stanza-id",
  async ({ romeo, juliet }) => {
    await romeo.online();
    for (const id of ["m1", "m2"]) romeo.sends(chat(juliet.bare, id));
    await romeo.receivesNothing();
    juliet.withholdsProof();
    await juliet.online(messagesOnly);
    const first = await juliet.receives(got(romeo, "m1"));
    juliet.cuts();
    juliet.drops();
    juliet.provesAgain();
    await juliet.online(messagesOnly);
    const again = await juliet.receives(got(romeo, "m1"));
    expect(stanzaId(again)).toBe(stanzaId(first));
    await juliet.receives(got(romeo, "m2"));
    await juliet.receivesNothing();
    await juliet.logsOut();
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
  },
);

scenario(
  "Durability: what was sent into a connection that proves dead is stored, and delivered at the next login",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online(messagesOnly);
    juliet.freezes();
    for (const id of ["m1", "m2", "m3"]) romeo.sends(chat(juliet.bare, id));
    await romeo.receivesNothing();
    juliet.cuts();
    await juliet.online(messagesOnly);
    for (const id of ["m1", "m2", "m3"]) await juliet.receives(got(romeo, id));
    await juliet.receivesNothing();
    await romeo.receivesNothing();
  },
);

manyStrangers(
  "Order: more than one window waits while new ones come: each once, in the order of sending",
  async ({ romeo, juliet }) => {
    const waiting = 130;
    const count = waiting + 60;
    await romeo.online();
    for (let at = 0; at < waiting; at++) romeo.sends(chat(juliet.bare, `m${at}`));
    await romeo.receivesNothing();
    const login = juliet.online(messagesOnly);
    for (let at = waiting; at < count; at++) {
      if (at % 10 === 0) await romeo.pings(juliet.bare);
      romeo.sends(chat(juliet.bare, `m${at}`));
    }
    await login;
    for (let at = 0; at < count; at++) await juliet.receives(got(romeo, `m${at}`));
    await juliet.receivesNothing();
  },
);

scenario("Order: several devices: what waits comes to all available ones", async ({ romeo, juliet }) => {
  const chamber = juliet.device("chamber");
  await romeo.online();
  await juliet.online({ priority: -1, ...messagesOnly });
  romeo.sends(chat(juliet.bare, "m1"));
  await romeo.receivesNothing();
  await chamber.online(messagesOnly);
  await chamber.receives(got(romeo, "m1"));
  await juliet.receivesNothing();
  await chamber.receivesNothing();
});

scenario("XEP-0334 4.3, XEP-0160: no-store: nothing waits, and the sender is told", async ({ romeo, juliet }) => {
  await romeo.online();
  romeo.sends(chat(juliet.bare, "m1", xml`<body>Burn this</body><no-store xmlns="${NS.HINTS}"/>`));
  await romeo.receives(unavailable("m1"));
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
});

scenario(
  "What waits for a resource comes before what is sent to it between its binding and its presence",
  async ({ romeo, juliet }) => {
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    const address = juliet.full;
    await juliet.logsOut();
    romeo.sends(xml`<message to="${address}" id="m1" type="chat"><body>m1</body></message>`);
    await romeo.ignores();
    await juliet.logsIn(messagesOnly);
    romeo.sends(xml`<message to="${address}" id="m2" type="chat"><body>m2</body></message>`);
    romeo.sends(xml`<message to="${address}" id="m3" type="chat"><composing xmlns="${NS.CHATSTATES}"/></message>`);
    await romeo.ignores();
    await juliet.becomesAvailable();
    for (const id of ["m1", "m2", "m3"]) await juliet.receives(xml`<message id="${id}"/>`);
    await juliet.receivesNothing();
  },
);

scenario(
  "A resource that never sends presence has what is sent to it all the same",
  { transports: ["websocket"] },
  async ({ romeo, juliet }) => {
    await romeo.online(messagesOnly);
    romeo.sends(xml`<message to="${juliet.bare}" id="m1" type="chat"><body>m1</body></message>`);
    await romeo.ignores();
    await juliet.logsIn(messagesOnly);
    romeo.sends(xml`<message to="${juliet.full}" id="m2" type="chat"><body>m2</body></message>`);
    await juliet.receivesInTime(xml`<message id="m2"/>`);
  },
);

scenario("XEP-0334 4.2: no-permanent-store waits all the same, and is not archived", async ({ romeo, juliet }) => {
  await romeo.online();
  romeo.sends(chat(juliet.bare, "m1", xml`<body>m1</body><no-permanent-store xmlns="${NS.HINTS}"/>`));
  await romeo.receivesNothing();
  await juliet.online(messagesOnly);
  await juliet.receives(got(romeo, "m1"));
  await juliet.asksAndGets(
    xml`<iq type="set"><query xmlns="${NS.MAM}"/></iq>`,
    xml`<iq type="result"><fin xmlns="${NS.MAM}" complete="true"/></iq>`,
  );
  await juliet.receivesNothing();
});

scenario(
  "XEP-0160 3, XEP-0085 5.5: a chat state alone does not wait, and nobody is bothered about it",
  async ({ romeo, juliet }) => {
    await romeo.online();
    romeo.sends(chat(juliet.bare, "m1", xml`<composing xmlns="${NS.CHATSTATES}"/>`));
    romeo.sends(chat(juliet.bare, "m2", xml`<paused xmlns="${NS.CHATSTATES}"/><thread>t</thread>`));
    await romeo.receivesNothing();
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
  },
);

scenario("XEP-0334 4.4: store: what would not wait, does", async ({ romeo, juliet }) => {
  await romeo.online();
  romeo.sends(chat(juliet.bare, "m1", xml`<composing xmlns="${NS.CHATSTATES}"/><store xmlns="${NS.HINTS}"/>`));
  await romeo.receivesNothing();
  await juliet.online(messagesOnly);
  await juliet.receives(xml`<message id="m1"><composing xmlns="${NS.CHATSTATES}"/></message>`);
});

scenario(
  "XEP-0184, XEP-0160 3: a receipt, a marker and a normal message without a body wait",
  async ({ romeo, juliet }) => {
    await romeo.online();
    romeo.sends(chat(juliet.bare, "m1", xml`<received xmlns="${NS.RECEIPTS}" id="x"/>`));
    romeo.sends(xml`<message to="${juliet.bare}" id="m2"><x xmlns="urn:verona:letter"/></message>`);
    await romeo.receivesNothing();
    await juliet.online(messagesOnly);
    await juliet.receives(xml`<message id="m1"><received xmlns="${NS.RECEIPTS}" id="x"/></message>`);
    await juliet.receives(xml`<message id="m2"><x xmlns="urn:verona:letter"/></message>`);
  },
);

smallStore(
  "XEP-0160 3: beyond the limit a message is service-unavailable, until there is room again",
  async ({ romeo, juliet }) => {
    await romeo.online();
    for (let at = 1; at <= 3; at++) romeo.sends(chat(juliet.bare, `m${at}`));
    await romeo.receivesNothing();
    romeo.sends(chat(juliet.bare, "m4"));
    await romeo.receives(unavailable("m4"));
    await juliet.online(messagesOnly);
    for (let at = 1; at <= 3; at++) await juliet.receives(got(romeo, `m${at}`));
    await juliet.receivesNothing();
    await juliet.logsOut();
    romeo.sends(chat(juliet.bare, "m5"));
    await romeo.receivesNothing();
    await juliet.online(messagesOnly);
    await juliet.receives(got(romeo, "m5"));
  },
);

for (const [name, shared] of [
  ["strangers", stage({ ...KNOWN, limits: { offlineMessages: 10, offlineMessagesFromStrangers: 2 } })],
  ["one sender", stage({ ...KNOWN, limits: { offlineMessages: 10, offlineMessagesFromSender: 2 } })],
] as const) {
  shared(
    `XEP-0160 3: what ${name} may store is bounded, and leaves room for others`,
    async ({ romeo, juliet, nurse }) => {
      await nurse.online(messagesOnly);
      await juliet.online();
      await befriend(nurse, juliet);
      await juliet.logsOut();
      await romeo.online(messagesOnly);
      for (const id of ["m1", "m2"]) romeo.sends(chat(juliet.bare, id));
      await romeo.receivesNothing();
      romeo.sends(chat(juliet.bare, "m3"));
      await romeo.receives(unavailable("m3"));
      nurse.sends(chat(juliet.bare, "n1"));
      await nurse.receivesNothing();
      await juliet.online(messagesOnly);
      await juliet.receives(got(romeo, "m1"));
      await juliet.receives(got(romeo, "m2"));
      await juliet.receives(got(nurse, "n1"));
      await juliet.logsOut();
      romeo.sends(chat(juliet.bare, "m4"));
      await romeo.receivesNothing();
    },
  );
}

archiveOnly(
  "With an archive and no offline storage a message is found in the archive, and not delivered at login",
  async ({ romeo, juliet, server }) => {
    await romeo.online();
    romeo.sends(chat(juliet.bare, "m1"));
    await romeo.receivesNothing();
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
    await juliet.asks(xml`<iq type="set"><query xmlns="${NS.MAM}"/></iq>`);
    await juliet.receives(
      xml`<message><result xmlns="${NS.MAM}"><forwarded xmlns="${NS.FORWARD}"><message xmlns="${NS.CLIENT}" id="m1"><body>m1</body></message></forwarded></result></message>`,
    );
    const info = await juliet.asks(xml`<iq type="get" to="${server.domain}"><query xmlns="${NS.DISCO_INFO}"/></iq>`);
    expect(info.toString()).not.toContain(NS.OFFLINE);
  },
);

offlineOnly("Without an archive what waits is delivered, and leaves nothing behind", async ({ romeo, juliet }) => {
  await romeo.online();
  romeo.sends(chat(juliet.bare, "m1"));
  await romeo.receivesNothing();
  await juliet.online(messagesOnly);
  await juliet.receives(got(romeo, "m1"));
  const answer = await juliet.asks(xml`<iq type="set"><query xmlns="${NS.MAM}"/></iq>`);
  expect(answer.attr("type")).toBe("error");
  await juliet.receivesNothing();
});

forgetful("6121 8.5.2.2: with no storage at all the sender is told", async ({ romeo, juliet }) => {
  await romeo.online();
  romeo.sends(chat(juliet.bare, "m1"));
  await romeo.receives(unavailable("m1"));
  romeo.sends(chat(juliet.bare, "m2", xml`<active xmlns="${NS.CHATSTATES}"/>`));
  await romeo.receivesNothing();
});

onDisk(
  "Durability: what waits outlives a restart of the server, with its stanza-id and its time",
  async ({ romeo, juliet, server }) => {
    await romeo.online();
    romeo.sends(chat(juliet.bare, "m1"));
    romeo.sends(chat(juliet.bare, "m2"));
    await romeo.receivesNothing();
    juliet.withholdsProof();
    await juliet.online(messagesOnly);
    const first = await juliet.receives(got(romeo, "m1"));
    await server.restart();
    juliet.cuts();
    await romeo.isDisconnected();
    await juliet.ignores();
    await romeo.ignores();
    juliet.provesAgain();
    await juliet.online(messagesOnly);
    const again = await juliet.receives(got(romeo, "m1"));
    expect(stanzaId(again)).toBe(stanzaId(first));
    expect(again.child("delay", NS.DELAY)?.attr("stamp")).toBe(first.child("delay", NS.DELAY)?.attr("stamp"));
    await juliet.receives(got(romeo, "m2"));
    await juliet.receivesNothing();
    await juliet.logsOut();
    await server.restart();
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
  },
);

scenario(
  "XEP-0160: a message to a full JID that is there, but has no presence, is not stored for others",
  { transports: ALL },
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.logsIn();
    romeo.sends(chat(juliet.full, "m1"));
    await juliet.receives(got(romeo, "m1"));
    await juliet.becomesAvailable();
    await juliet.receivesNothing();
  },
);
