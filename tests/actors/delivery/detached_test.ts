/** A session that comes while another waits to be resumed: it is offered what that one holds unproved. */
import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NS } from "../../../xmpp/ns.ts";
import { xml } from "../../../xmpp/xml/xml.ts";
import { DeliveryStage, JULIET } from "./delivery_stage.ts";
import type { FakeSession } from "./fake_session.ts";

let stage: DeliveryStage;
afterEach(() => {
  expect(stage.errors).toEqual([]);
});

const FRESH = 2 ** 52;
const NOTIFY_DIRECT = ["notify deliver direct"];

/** Balcony has been given these and has lost its connection. */
async function detachedWith(
  ids: readonly string[],
  settings: Parameters<typeof DeliveryStage.create>[0] = {},
  rules: readonly string[] = [],
): Promise<FakeSession> {
  stage = await DeliveryStage.create(settings);
  const balcony = stage.arrives("balcony");
  for (const id of ids) stage.sends(id, rules);
  await stage.commits();
  balcony.connected = false;
  return balcony;
}

async function comes(options: Partial<Pick<FakeSession, "priority" | "carbons" | "seenUntil">> = {}) {
  const chamber = stage.arrives("chamber", options);
  const { seenUntil } = chamber;
  stage.delivery.tell({ kind: "flush", seenUntil, comes: true });
  await stage.settles();
  return chamber;
}

function stanzaIds(session: FakeSession): (string | undefined)[] {
  return session.given.map((stanza) => stanza.payload("stanza-id", NS.SID)?.attr("id"));
}

describe("A session that comes while another waits to be resumed", () => {
  test("gets what that one holds, in order, under the same ids, before anything newer", async () => {
    const balcony = await detachedWith(["m1", "m2"]);
    stage.sends("m3");
    const chamber = stage.arrives("chamber");
    stage.sends("m4");
    stage.flushes();
    await stage.commits();
    stage.sends("m5");
    expect(chamber.texts).toEqual(["m1", "m2", "m3", "m4", "m5"]);
    expect(stanzaIds(chamber).slice(0, 3)).toEqual(stanzaIds(balcony).slice(0, 3));
    expect(chamber.given[0]!.has("delay", NS.DELAY)).toBe(true);
  });

  test("proves for the account: the row goes, and the other one will not give it again", async () => {
    const balcony = await detachedWith(["m1", "m2"]);
    const chamber = await comes();
    chamber.proves(1);
    await stage.commits();
    expect(balcony.revoked.length).toBe(1);
    expect(await stage.waiting()).toEqual(["m2"]);
    stage.leaves(balcony);
    await stage.commits();
    expect(chamber.texts).toEqual(["m1", "m2"]);
    chamber.proves();
    await stage.commits();
    expect(stage.isQuiet).toBe(true);
    expect(await stage.waiting()).toEqual([]);
  });

  test("and goes without proof leaves it to that one, which may still prove it", async () => {
    const balcony = await detachedWith(["m1"]);
    const chamber = await comes();
    stage.leaves(chamber);
    await stage.commits();
    expect(await stage.waiting()).toEqual(["m1"]);
    balcony.connected = true;
    balcony.proves();
    await stage.commits();
    expect(await stage.waiting()).toEqual([]);
    expect(stage.isQuiet).toBe(true);
  });

  test("gets it once: proof by the one that is resumed first is enough", async () => {
    const balcony = await detachedWith(["m1"]);
    const chamber = await comes();
    balcony.connected = true;
    balcony.proves();
    chamber.proves();
    await stage.commits();
    expect(chamber.texts).toEqual(["m1"]);
    expect(await stage.waiting()).toEqual([]);
  });

  test("gets it as soon as the other one's death is noticed, but what it has read in its archive", async () => {
    const balcony = await detachedWith(["m1"], { archive: true });
    balcony.connected = true;
    const chamber = await comes({ seenUntil: FRESH });
    const garden = stage.arrives("garden");
    stage.flushes();
    await stage.settles();
    expect(garden.texts).toEqual([]);
    stage.sends("m2");
    balcony.connected = false;
    stage.delivery.tell({ kind: "detached" });
    await stage.commits();
    expect(chamber.texts).toEqual(["m2"]);
    expect(garden.texts).toEqual(["m2", "m1"]);
  });

  test("gets nothing of what a session with a connection holds", async () => {
    const balcony = await detachedWith(["m1"]);
    balcony.connected = true;
    expect((await comes()).texts).toEqual([]);
  });

  test("does not get what is for the other one's full JID, until that is over", async () => {
    const balcony = await detachedWith([]);
    stage.sends("m1", [], { to: `${JULIET}/balcony` });
    stage.sends("m2");
    await stage.commits();
    const chamber = await comes();
    expect(chamber.texts).toEqual(["m2"]);
    stage.leaves(balcony);
    await stage.commits();
    expect(chamber.texts).toEqual(["m2", "m1"]);
  });

  test("gets nothing with a negative priority", async () => {
    await detachedWith(["m1"]);
    expect((await comes({ priority: -1 })).texts).toEqual([]);
  });

  test("gets no second copy of what it has read in its archive, which then is received", async () => {
    const balcony = await detachedWith(["m1"], { archive: true });
    const chamber = await comes({ seenUntil: FRESH });
    await stage.commits();
    expect(chamber.texts).toEqual([]);
    expect(await stage.waiting()).toEqual([]);
    expect(balcony.revoked.length).toBe(1);
    stage.leaves(balcony);
    await stage.commits();
    expect(chamber.texts).toEqual([]);
    expect(stage.isQuiet).toBe(true);
  });

  test("gets no second copy of what came there as a carbon copy before it was available", async () => {
    const balcony = await detachedWith(["m1"]);
    const chamber = stage.arrives("chamber", { available: false, carbons: true });
    stage.sends("m2");
    await stage.commits();
    expect(chamber.texts).toEqual(["received"]);
    chamber.available = true;
    stage.tellsProfile();
    stage.flushes();
    await stage.commits();
    expect(chamber.texts).toEqual(["received", "m1"]);
    expect(balcony.texts).toEqual(["m1", "m2"]);
  });

  test("leaves the other one its own, where that wants copies of all that others get", async () => {
    const balcony = await detachedWith([]);
    balcony.carbons = true;
    stage.tellsProfile();
    stage.sends("m1");
    const chamber = await comes();
    chamber.proves();
    await stage.commits();
    expect(balcony.texts).toEqual(["m1"]);
    expect(balcony.revoked).toEqual([]);
  });

  test("gets what has no row in its place among the rows", async () => {
    await detachedWith([]);
    const unstorable = { content: xml`<body>m2</body><no-store xmlns="${NS.HINTS}"/>` };
    stage.sends("m1");
    stage.sends("m2", NOTIFY_DIRECT, unstorable);
    stage.sends("m3");
    const chamber = await comes();
    expect(chamber.texts).toEqual(["m1", "m2", "m3"]);
    chamber.proves();
    await stage.commits();
    expect(stage.told).toEqual(["notify deliver direct of m2"]);
    expect(stage.isQuiet).toBe(true);
  });

  test("gets it in windows, and what is newer after all of it", async () => {
    const ids = Array.from({ length: 250 }, (_, i) => `m${i}`);
    await detachedWith(ids);
    const chamber = await comes();
    expect(chamber.texts).toEqual(ids.slice(0, 100));
    stage.sends("last");
    for (let window = 0; window < 4; window++) {
      chamber.proves();
      await stage.commits();
    }
    expect(chamber.texts).toEqual([...ids, "last"]);
    expect(stage.isQuiet).toBe(true);
    expect(await stage.waiting()).toEqual([]);
  });

  test("comes during a flush for one that has just lost its connection too: gets all of it", async () => {
    const ids = Array.from({ length: 150 }, (_, i) => `m${i}`);
    await detachedWith(ids);
    const chamber = await comes();
    chamber.connected = false;
    const garden = stage.arrives("garden");
    stage.delivery.tell({ kind: "flush", seenUntil: 0, comes: true });
    for (let window = 0; window < 4; window++) {
      stage.time += 300;
      for (const remind of stage.reminders.splice(0)) stage.scheduler.turn(remind);
      await stage.settles();
      garden.proves();
      await stage.commits();
    }
    expect(garden.texts).toEqual(ids);
    expect(await stage.waiting()).toEqual([]);
  });
});

describe("One verdict, with a session that comes while another waits to be resumed", () => {
  test("notify for direct fires once, on the first proof", async () => {
    const balcony = await detachedWith(["m1"], {}, NOTIFY_DIRECT);
    const chamber = await comes();
    expect(stage.told).toEqual([]);
    chamber.proves();
    balcony.proves();
    await stage.commits();
    stage.leaves(balcony);
    await stage.commits();
    expect(stage.told).toEqual(["notify deliver direct of m1"]);
  });

  test("match-resource has fired, and does not fire again", async () => {
    await detachedWith(["m1"], {}, ["notify match-resource any"]);
    const chamber = await comes();
    chamber.proves();
    await stage.commits();
    expect(stage.told).toEqual(["notify match-resource any of m1"]);
  });

  test("a copy bears the time after which it must not be sent again", async () => {
    await detachedWith(["m1"], {}, ["drop expire-at 2026-11-22T12:00:10Z"]);
    const chamber = await comes();
    expect(chamber.untils).toEqual([Date.parse("2026-11-22T12:00:10Z")]);
  });

  test("what is overdue is not offered, and is taken out", async () => {
    const balcony = await detachedWith(["m1"], {}, ["error expire-at 2026-11-22T12:00:10Z"]);
    stage.time = Date.parse("2026-11-22T12:00:11Z");
    const chamber = await comes();
    expect(chamber.texts).toEqual([]);
    const [row] = (await stage.store.run([["pending", JULIET, 0, 1]])) as [{ value: readonly { seq: number }[] }];
    stage.delivery.tell({ kind: "expire", seq: row.value[0]!.seq });
    await stage.commits();
    expect(balcony.revoked.length).toBe(1);
    expect(await stage.waiting()).toEqual([]);
    expect(stage.told.length).toBe(1);
  });
});

type Step = "send" | "detach" | "resume" | "come" | "leave" | "prove";

test("whatever comes and goes, each session gets a message once, and none is lost", async () => {
  const steps = fc.array(fc.constantFrom<Step>("send", "send", "detach", "resume", "come", "leave", "prove"), {
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      stage = await DeliveryStage.create();
      let sent = 0;
      let sessions = 0;
      const all: FakeSession[] = [];
      const act: Record<Step, () => void> = {
        send: () => void stage.sends(`m${sent++}`),
        detach: () => {
          const live = stage.sessions.find(({ connected }) => connected);
          if (live === undefined) return;
          live.connected = false;
          stage.delivery.tell({ kind: "detached" });
        },
        resume: () => {
          const waits = stage.sessions.find(({ connected }) => !connected);
          if (waits !== undefined) waits.connected = true;
        },
        come: () => {
          if (stage.sessions.length < 4) all.push(stage.arrives(`r${sessions++}`));
          stage.delivery.tell({ kind: "flush", seenUntil: 0, comes: true });
        },
        leave: () => {
          const oldest = stage.sessions[0];
          if (oldest !== undefined) stage.leaves(oldest);
        },
        prove: () => {
          for (const session of stage.sessions) if (session.connected) session.proves(1);
        },
      };
      for (const step of plan) {
        act[step]();
        await stage.settles();
      }
      while (stage.sessions.length > 0) stage.leaves(stage.sessions[0]!);
      const last = stage.arrives("last");
      stage.delivery.tell({ kind: "flush", seenUntil: 0, comes: true });
      await stage.commits();
      last.proves();
      await stage.commits();
      const got = new Set([...all, last].flatMap(({ texts }) => texts));
      expect(got.size).toBe(sent);
      expect(await stage.waiting()).toEqual([]);
      expect(stage.isQuiet).toBe(true);
      expect(stage.errors).toEqual([]);
      for (const { texts } of [...all, last]) expect(new Set(texts).size).toBe(texts.length);
    }),
    { numRuns: 150 },
  );
}, 60_000);
