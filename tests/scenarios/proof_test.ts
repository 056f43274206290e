/** Proof of receipt: `direct` is told when a device has proved that it has the message, and not when it was written to a socket. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp, failure, notice, type Parties } from "../conversation/amp.ts";
import type { Cast } from "../conversation/cast.ts";
import { MANAGED, stage } from "../conversation/stage.ts";

/** One second of silence is death. */
const scenario = stage({
  amp: { presencePolicy: "open" },
  bosh: { inactivity: 1 },
  probe: { timeoutSeconds: 1, idleSeconds: 5 },
});

const messagesOnly = { hears: ["message"] } as const;
const BOTH = ["deliver direct notify", "deliver stored notify"] as const;
const message = (to: string, rules: Markup = xml``, id = "m1") =>
  xml`<message to="${to}" id="${id}" type="chat"><body>${id}</body>${rules}</message>`;
const arrives = (id = "m1") => xml`<message id="${id}" type="chat"><body>${id}</body></message>`;

async function both({ romeo, juliet, server }: Cast): Promise<Parties> {
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  return { domain: server.domain, from: romeo.full, to: juliet.bare };
}

scenario("3.3.1: direct is told when receipt is proved, not before", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await both(cast);
  juliet.withholdsProof();
  romeo.sends(message(juliet.bare, amp(...BOTH)));
  await juliet.receives(arrives());
  await romeo.receivesNothing();
  juliet.provesAgain();
  await romeo.receives(notice(BOTH[0], parties), { exact: true });
});

scenario(
  "3.3.1, XEP-0198: an acknowledgement is the proof",
  { transports: MANAGED },
  async ({ romeo, juliet, server }) => {
    await romeo.online(messagesOnly);
    await juliet.online({ ...messagesOnly, sm: true });
    juliet.withholdsProof();
    romeo.sends(message(juliet.bare, amp(...BOTH)));
    await juliet.receives(arrives());
    await romeo.receivesNothing();
    juliet.provesAgain();
    await romeo.receives(notice(BOTH[0], { domain: server.domain, from: romeo.full, to: juliet.bare }), {
      exact: true,
    });
  },
);

for (const [what, dies] of [
  ["breaks", ({ juliet }: Cast) => juliet.cuts()],
  ["is silently dead, and found out", () => {}],
] as const) {
  scenario(
    `Design 7: a message into a connection that ${what} ends as stored, and is reported as stored, once`,
    async (cast) => {
      const { romeo, juliet, transport } = cast;
      const parties = await both(cast);
      juliet.freezes();
      romeo.sends(message(juliet.bare, amp(...BOTH)));
      await romeo.receivesNothing();
      // A BOSH client that does not come back is a broken connection.
      if (transport === "bosh") juliet.cuts();
      else dies(cast);
      await romeo.receives(notice(BOTH[1], parties), { exact: true });
      juliet.cuts();
      await juliet.online(messagesOnly);
      await juliet.receives(arrives());
      await juliet.receivesNothing();
      await romeo.receivesNothing();
    },
  );
}

scenario("2.2.3: [stored error]: what falls back to storage is refused in its place, and is gone", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await both(cast);
  juliet.freezes();
  romeo.sends(message(juliet.bare, amp("deliver direct notify", "deliver stored error")));
  await romeo.receivesNothing();
  juliet.cuts();
  await romeo.receives(failure("deliver stored error", parties), { exact: true });
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
  await juliet.asksAndGets(
    xml`<iq type="set"><query xmlns="${NS.MAM}"/></iq>`,
    xml`<iq type="result"><fin xmlns="${NS.MAM}" complete="true"/></iq>`,
  );
  await juliet.receivesNothing();
});

scenario("2.2.3: [stored drop]: what falls back to storage is gone, and nobody is told", async (cast) => {
  const { romeo, juliet } = cast;
  await both(cast);
  juliet.freezes();
  romeo.sends(message(juliet.bare, amp("deliver stored drop")));
  await romeo.receivesNothing();
  juliet.cuts();
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
  await romeo.receivesNothing();
});

scenario("3.3.1: several devices: one notification, when the first has proved it", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await both(cast);
  const chamber = juliet.device("chamber");
  await chamber.online(messagesOnly);
  juliet.withholdsProof();
  chamber.withholdsProof();
  romeo.sends(message(juliet.bare, amp(...BOTH)));
  await juliet.receives(arrives());
  await chamber.receives(arrives());
  await romeo.receivesNothing();
  chamber.provesAgain();
  await romeo.receives(notice(BOTH[0], parties));
  juliet.provesAgain();
  await romeo.receivesNothing();
});

scenario("Design: two devices, one dead: direct by the other, and nothing is sent twice", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await both(cast);
  const chamber = juliet.device("chamber");
  await chamber.online(messagesOnly);
  juliet.freezes();
  romeo.sends(message(juliet.bare, amp(...BOTH)));
  await chamber.receives(arrives());
  await romeo.receives(notice(BOTH[0], parties));
  juliet.cuts();
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
  await chamber.receivesNothing();
  await romeo.receivesNothing();
});

scenario("Design: two devices, both dead: stored, told once, and delivered once", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await both(cast);
  const chamber = juliet.device("chamber");
  await chamber.online(messagesOnly);
  juliet.freezes();
  chamber.freezes();
  romeo.sends(message(juliet.bare, amp(...BOTH)));
  await romeo.receivesNothing();
  chamber.cuts();
  juliet.cuts();
  await romeo.receives(notice(BOTH[1], parties));
  await juliet.online(messagesOnly);
  await juliet.receives(arrives());
  await chamber.online(messagesOnly);
  await chamber.receivesNothing();
  await romeo.receivesNothing();
});

scenario("Design 7: to a full JID that dies while another device is there: it goes there, as direct", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await both(cast);
  const chamber = juliet.device("chamber");
  await chamber.online(messagesOnly);
  juliet.freezes();
  romeo.sends(message(juliet.full, amp(...BOTH)));
  await romeo.receivesNothing();
  juliet.cuts();
  await chamber.receives(arrives());
  await romeo.receives(notice(BOTH[0], { ...parties, to: juliet.full }));
  await romeo.receivesNothing();
});

scenario("3.3.3: match-resource other with drop bars the fall-back to another device", async (cast) => {
  const { romeo, juliet } = cast;
  await both(cast);
  const chamber = juliet.device("chamber");
  await chamber.online(messagesOnly);
  juliet.freezes();
  romeo.sends(message(juliet.full, amp("match-resource other drop", ...BOTH)));
  await romeo.receivesNothing();
  romeo.sends(message(juliet.full, xml``, "m2"));
  juliet.cuts();
  // What was sent after it has found another way: it is decided.
  await chamber.receives(arrives("m2"));
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
  await chamber.receivesNothing();
  await romeo.receivesNothing();
});

scenario("Order: what fell back comes before what was sent later", async (cast) => {
  const { romeo, juliet } = cast;
  await both(cast);
  juliet.freezes();
  for (const id of ["m1", "m2"]) romeo.sends(message(juliet.bare, xml``, id));
  await romeo.receivesNothing();
  juliet.cuts();
  romeo.sends(message(juliet.bare, xml``, "m3"));
  await romeo.receivesNothing();
  await juliet.online(messagesOnly);
  for (const id of ["m1", "m2", "m3"]) await juliet.receives(arrives(id));
  await juliet.receivesNothing();
});

scenario("send(): app code awaits what became of its message", async (cast) => {
  const { juliet, paris, server } = cast;
  await juliet.online(messagesOnly);
  const { app } = server;
  const direct = app.send({ to: juliet.bare, body: "m1", id: "m1" });
  await juliet.receives(arrives());
  expect(await direct).toMatchObject({ kind: "direct", resource: juliet.resource });
  expect(await app.send({ to: paris.bare, body: "m2" })).toMatchObject({
    kind: "none",
    condition: "service-unavailable",
  });
  const rules = [{ condition: "deliver", value: "direct", action: "drop" }] as const;
  expect(await app.send({ to: juliet.bare, body: "m3", rules })).toMatchObject({ kind: "dropped" });
  const past = [{ condition: "expire-at", value: "2002-09-10T23:08:25Z", action: "drop" }] as const;
  expect(await app.send({ to: juliet.bare, body: "m4", rules: past })).toMatchObject({ kind: "expired" });
  await juliet.receivesNothing();
  await juliet.logsOut();
  expect(await app.send({ to: juliet.bare, body: "m5", id: "m5" })).toMatchObject({ kind: "stored" });
  await juliet.online(messagesOnly);
  await juliet.receives(arrives("m5"));
});

// Clients that never prove receipt

const NEVER = {
  onDisk: true,
  amp: { presencePolicy: "open" },
  probe: { timeoutSeconds: 30 },
  manualClock: true,
} as const;
const never = stage({ ...NEVER, transports: MANAGED });
const unbounded = stage({ ...NEVER, transports: MANAGED, offline: { unprovenDeliveries: 0 } });

/** Logs in, gets these, and ends its stream in order, without a proof of receipt. */
async function takesWithoutProof({ juliet, clock }: Cast, ids: readonly string[], staysMs = 2000): Promise<void> {
  juliet.withholdsProof();
  await juliet.online(messagesOnly);
  for (const id of ids) await juliet.receives(arrives(id));
  clock.advance(staysMs);
  await juliet.logsOut();
}

never("a client that never proves receipt is given an archived message three times, and no more", async (cast) => {
  const { romeo, juliet, server } = cast;
  await romeo.online(messagesOnly);
  romeo.sends(message(juliet.bare, amp(...BOTH)));
  await romeo.receives(notice(BOTH[1], { domain: server.domain, from: romeo.full, to: juliet.bare }));
  await takesWithoutProof(cast, ["m1"]);
  await romeo.logsOut();
  await server.restart();
  await romeo.online(messagesOnly);
  await takesWithoutProof(cast, ["m1"]);
  romeo.sends(message(juliet.bare, xml``, "m2"));
  await romeo.receivesNothing();
  await takesWithoutProof(cast, ["m1", "m2"]);
  await takesWithoutProof(cast, ["m2"]);
  await romeo.receivesNothing();
  juliet.provesAgain();
  await juliet.online(messagesOnly);
  await juliet.receives(arrives("m2"));
  juliet.sends(xml`<iq type="set" id="q1"><query xmlns="${NS.MAM}"/></iq>`);
  for (const id of ["m1", "m2"]) await juliet.receives(archived(id));
  await juliet.receives(xml`<iq type="result" id="q1"/>`);
  // Three deliveries prove nothing: nobody is told of one.
  await romeo.receivesNothing();
});

const archived = (id: string) =>
  xml`<message><result xmlns="${NS.MAM}"><forwarded xmlns="${NS.FORWARD}"><message xmlns="${NS.CLIENT}" id="${id}"/></forwarded></result></message>`;

never("what no archive holds, or a deadline may still take out, goes on waiting", async (cast) => {
  const { romeo, juliet, clock } = cast;
  await romeo.online(messagesOnly);
  romeo.sends(message(juliet.bare, xml`<no-permanent-store xmlns="${NS.HINTS}"/>`));
  const later = new Date(clock.now() + 86_400_000).toISOString();
  romeo.sends(message(juliet.bare, amp(`expire-at ${later} drop`), "m2"));
  await romeo.receivesNothing();
  for (let login = 0; login < 5; login++) await takesWithoutProof(cast, ["m1", "m2"]);
});

never("a stream that ends before a probe could be answered does not count", async (cast) => {
  const { romeo, juliet } = cast;
  await romeo.online(messagesOnly);
  romeo.sends(message(juliet.bare));
  await romeo.receivesNothing();
  for (let login = 0; login < 5; login++) await takesWithoutProof(cast, ["m1"], 0);
});

never("a connection that breaks does not count", async ({ romeo, juliet, clock }) => {
  await romeo.online(messagesOnly);
  romeo.sends(message(juliet.bare));
  await romeo.receivesNothing();
  for (let login = 0; login < 5; login++) {
    juliet.withholdsProof();
    await juliet.online(messagesOnly);
    await juliet.receives(arrives());
    clock.advance(2000);
    juliet.cuts();
  }
});

unbounded("without a bound it is given at every login", async (cast) => {
  const { romeo, juliet } = cast;
  await romeo.online(messagesOnly);
  romeo.sends(message(juliet.bare));
  await romeo.receivesNothing();
  for (let login = 0; login < 5; login++) await takesWithoutProof(cast, ["m1"]);
});
