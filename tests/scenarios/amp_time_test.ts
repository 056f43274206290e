/** XEP-0079 3.3.2: deadlines of messages that wait fire on time, once, and never for what has been delivered. */
import { expect } from "bun:test";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp, failure, notice, type Parties } from "../conversation/amp.ts";
import type { Cast } from "../conversation/cast.ts";
import type { Device } from "../conversation/device.ts";
import { MANAGED, stage } from "../conversation/stage.ts";

const CONFIG = { amp: { presencePolicy: "open" }, bosh: { inactivity: 1 }, probe: { timeoutSeconds: 30 } } as const;
const scenario = stage(CONFIG);
const onDisk = stage({ ...CONFIG, onDisk: true });

const messagesOnly = { hears: ["message"] } as const;
const SOON = 250;
/** Late enough for somebody to log in before, on a machine that is busy. */
const LATER = 600;
const message = (to: string, rules: Markup, id = "m1") =>
  xml`<message to="${to}" id="${id}" type="chat"><body>${id}</body>${rules}</message>`;
const inMs = (ms: number) => formatDateTime(Date.now() + ms);
const arrives = (id: string) => xml`<message id="${id}" type="chat"><body>${id}</body></message>`;

/** Romeo learns that a deadline at that time has passed: whatever was due before has been dealt with. */
async function passes({ romeo, nurse, server, settled }: Cast, at: string): Promise<void> {
  romeo.sends(message(nurse.bare, amp(`expire-at ${at} alert`), "sentinel"));
  await romeo.receivesInTime(
    notice(`expire-at ${at} alert`, { domain: server.domain, from: romeo.full, to: nurse.bare, id: "sentinel" }),
  );
  await settled();
}

async function archived(device: Device): Promise<number> {
  await device.asks(xml`<iq type="set"><query xmlns="${NS.MAM}"/></iq>`);
  return device.drops().length;
}

for (const action of ["drop", "alert", "error", "notify"]) {
  scenario(`3.3.2: a message that waits beyond its deadline: ${action}`, async (cast) => {
    const { romeo, juliet, server } = cast;
    await romeo.online(messagesOnly);
    const parties: Parties = { domain: server.domain, from: romeo.full, to: juliet.bare };
    const at = inMs(SOON);
    const text = `expire-at ${at} ${action}`;
    romeo.sends(message(juliet.bare, amp(text)));
    await passes(cast, at);
    await romeo.hasReceived(
      action === "drop" ? [] : [action === "error" ? failure(text, parties) : notice(text, parties)],
      { exact: true },
    );
    await juliet.online(messagesOnly);
    if (action === "notify") await juliet.receives(arrives("m1"));
    await juliet.receivesNothing();
    expect(await archived(juliet)).toBe(action === "notify" ? 1 : 0);
    expect(await archived(romeo)).toBe(2);
  });
}

const archiveOnly = stage({ ...CONFIG, offline: { enabled: false } });

for (const action of ["drop", "notify"]) {
  archiveOnly(`3.3.2: what only the archive holds has its deadline too: ${action}`, async (cast) => {
    const { romeo, juliet, server } = cast;
    await romeo.online(messagesOnly);
    const parties: Parties = { domain: server.domain, from: romeo.full, to: juliet.bare };
    const at = inMs(SOON);
    const text = `expire-at ${at} ${action}`;
    romeo.sends(message(juliet.bare, amp(text)));
    await passes(cast, at);
    await romeo.hasReceived(action === "drop" ? [] : [notice(text, parties)], { exact: true });
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
    expect(await archived(juliet)).toBe(action === "notify" ? 1 : 0);
  });
}

scenario("3.3.2: a message that has been delivered meanwhile never expires", async (cast) => {
  const { romeo, juliet } = cast;
  await romeo.online(messagesOnly);
  const at = inMs(LATER);
  romeo.sends(message(juliet.bare, amp(`expire-at ${at} error`)));
  await romeo.receivesNothing();
  await juliet.online(messagesOnly);
  await juliet.receives(arrives("m1"));
  await juliet.receivesNothing();
  await passes(cast, at);
  await romeo.receivesNothing();
});

scenario("3.3.2: a message that was delivered at once never expires", async (cast) => {
  const { romeo, juliet } = cast;
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  const at = inMs(SOON);
  romeo.sends(message(juliet.bare, amp(`expire-at ${at} error`)));
  await juliet.receives(arrives("m1"));
  await passes(cast, at);
  await romeo.receivesNothing();
});

scenario("3.3.2: live and unproved: it waits for the proof, and does not expire", async (cast) => {
  const { romeo, juliet } = cast;
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  juliet.withholdsProof();
  const at = inMs(SOON);
  romeo.sends(message(juliet.bare, amp(`expire-at ${at} error`)));
  await juliet.receives(arrives("m1"));
  await passes(cast, at);
  await romeo.receivesNothing();
  juliet.provesAgain();
  await romeo.receivesNothing();
});

scenario("3.3.2: live, unproved, and then gone: it expires in place of being stored", async (cast) => {
  const { romeo, juliet, server } = cast;
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  juliet.freezes();
  const at = inMs(SOON);
  const text = `expire-at ${at} alert`;
  romeo.sends(message(juliet.bare, amp(text)));
  await romeo.receivesNothing();
  await passes(cast, at);
  await romeo.receivesNothing();
  juliet.cuts();
  await romeo.receives(notice(text, { domain: server.domain, from: romeo.full, to: juliet.bare }), { exact: true });
  juliet.drops();
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
});

/** Romeo is told on time; Juliet, who resumes after that, gets only what has no deadline. */
async function expiresWithoutConnection({ romeo, juliet, server }: Cast, hint: Markup): Promise<void> {
  await romeo.online(messagesOnly);
  await juliet.online({ ...messagesOnly, sm: true });
  juliet.cuts();
  const text = `expire-at ${inMs(SOON)} alert`;
  romeo.sends(message(juliet.full, xml`${hint}${amp(text)}`));
  romeo.sends(message(juliet.full, xml``, "m2"));
  await romeo.receives(notice(text, { domain: server.domain, from: romeo.full, to: juliet.full }), { exact: true });
  await juliet.resumes();
  await juliet.receives(arrives("m2"));
  await juliet.receivesNothing();
  await romeo.receivesNothing();
}

scenario(
  "3.3.2, XEP-0198: unproved in a session without a connection: it expires on time, and is not sent on resumption",
  { transports: MANAGED },
  (cast) => expiresWithoutConnection(cast, xml``),
);

scenario(
  "3.3.2, XEP-0198: so does a message that must not be stored, for which no row waits",
  { transports: MANAGED },
  (cast) => expiresWithoutConnection(cast, xml`<no-store xmlns="${NS.HINTS}"/>`),
);

scenario(
  "3.3.2, XEP-0198: one device had it in time; another that resumes after the deadline does not get it any more",
  { transports: MANAGED },
  async (cast) => {
    const { romeo, juliet } = cast;
    const chamber = juliet.device("chamber");
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    await chamber.online({ ...messagesOnly, sm: true });
    chamber.cuts();
    const at = inMs(LATER);
    romeo.sends(message(juliet.bare, amp(`expire-at ${at} alert`)));
    romeo.sends(message(juliet.bare, xml``, "m2"));
    await juliet.receives(arrives("m1"));
    await juliet.receives(arrives("m2"));
    await passes(cast, at);
    await chamber.resumes();
    await chamber.receives(arrives("m2"));
    await chamber.receivesNothing();
    await romeo.receivesNothing();
  },
);

scenario(
  "2.2.3, 3.3.2: each rule fires once: stored is told at once, the deadline that stands before it later",
  async (cast) => {
    const { romeo, juliet, server } = cast;
    await romeo.online(messagesOnly);
    const parties = { domain: server.domain, from: romeo.full, to: juliet.bare };
    const at = inMs(SOON);
    const late = `expire-at ${at} notify`;
    romeo.sends(message(juliet.bare, amp(late, "deliver stored notify")));
    await romeo.receives(notice("deliver stored notify", parties));
    await romeo.receives(notice(late, parties));
    await passes(cast, at);
    await romeo.receivesNothing();
    await juliet.online(messagesOnly);
    await juliet.receives(arrives("m1"));
    await romeo.receivesNothing();
  },
);

scenario("3.3.2: many deadlines at once: each message has its one answer", async (cast) => {
  const { romeo, juliet, server } = cast;
  await romeo.online(messagesOnly);
  const at = inMs(SOON);
  const ids = Array.from({ length: 40 }, (_, number) => `m${number}`);
  for (const id of ids) romeo.sends(message(juliet.bare, amp(`expire-at ${at} alert`), id));
  await romeo.receivesAll(
    ...ids.map((id) =>
      notice(`expire-at ${at} alert`, { domain: server.domain, from: romeo.full, to: juliet.bare, id }),
    ),
  );
  await romeo.receivesNothing();
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
});

onDisk(
  "3.3.2: a deadline that passed while the server was down fires at its start, and the event waits for its sender",
  async (cast) => {
    const { romeo, juliet, server } = cast;
    await romeo.online(messagesOnly);
    const text = `expire-at ${inMs(LATER)} alert`;
    const parties = { domain: server.domain, from: romeo.full, to: juliet.bare };
    romeo.sends(message(juliet.bare, amp(text, "deliver stored notify")));
    await romeo.receives(notice("deliver stored notify", parties));
    await romeo.receivesNothing();
    romeo.cuts();
    await server.restart(LATER);
    romeo.drops();
    await romeo.online(messagesOnly);
    await romeo.receives(notice(text, { ...parties, to: juliet.bare }));
    await romeo.receivesNothing();
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
  },
);
