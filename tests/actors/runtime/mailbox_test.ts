import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Mailbox } from "../../../actors/runtime/mailbox.ts";
import { Scheduler } from "../../../actors/runtime/scheduler.ts";
import { deferred, nextMacrotask, ProbeActor, type ProbeMessage, probeKind } from "./probe_actor.ts";

function mailboxOf(kind = probeKind(), actor: ProbeActor | undefined = new ProbeActor()) {
  const scheduler = new Scheduler(Date.now);
  const mailbox = new Mailbox<ProbeMessage>(kind, scheduler, actor);
  return { scheduler, mailbox, kind, actor };
}

describe("Mailbox", () => {
  test("hands messages over in order, within the turn", () => {
    const { mailbox, actor } = mailboxOf();
    for (const name of ["a", "b", "c"]) mailbox.tell({ name });
    expect(actor.received).toEqual(["a", "b", "c"]);
  });

  test("collects until its actor is there", () => {
    const kind = probeKind();
    const mailbox = new Mailbox<ProbeMessage>(kind, new Scheduler(Date.now));
    mailbox.tell({ name: "a" });
    mailbox.tell({ name: "b" });
    expect(mailbox.length).toBe(2);
    const actor = new ProbeActor();
    mailbox.start(actor);
    expect(actor.received).toEqual(["a", "b"]);
  });

  test("handles one message at a time, also those told meanwhile", () => {
    const { mailbox, actor } = mailboxOf();
    let isBusy = false;
    const run = () => {
      expect(isBusy).toBe(false);
      isBusy = true;
      if (actor.received.length < 5) mailbox.tell({ name: String(actor.received.length), run });
      expect(actor.received.at(-1)).not.toBe(String(actor.received.length));
      isBusy = false;
    };
    mailbox.tell({ name: "0", run });
    expect(actor.received).toEqual(["0", "1", "2", "3", "4"]);
  });

  test("waits for a promise before the next message", async () => {
    const { mailbox, actor } = mailboxOf();
    const gate = deferred();
    mailbox.tell({ name: "a", run: () => gate.promise });
    mailbox.tell({ name: "b" });
    await nextMacrotask();
    expect(actor.received).toEqual(["a"]);
    expect(mailbox.quiet).toBe(false);
    gate.resolve();
    await nextMacrotask();
    expect(actor.received).toEqual(["a", "b"]);
    expect(mailbox.quiet).toBe(true);
  });

  test("keeps order for any mix of plain messages and promises", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom("now", "microtask", "immediate"), { maxLength: 60 }), async (kinds) => {
        const { mailbox, actor } = mailboxOf();
        const last = Promise.withResolvers<void>();
        for (const [at, kind] of kinds.entries()) {
          const wait = { now: () => {}, microtask: () => Promise.resolve(), immediate: () => nextMacrotask() }[kind];
          mailbox.tell({ name: String(at), run: wait });
        }
        mailbox.tell({ name: "last", run: () => last.resolve() });
        await last.promise;
        expect(actor.received).toEqual([...kinds.keys()].map(String).concat("last"));
      }),
      { numRuns: 40 },
    );
  });
});

describe("Mailbox at its bound", () => {
  test.each([
    ["messages", { maxMessages: 2 }, 1],
    ["bytes", { maxBytes: 20 }, 10],
  ])("gives what has no room to overflow(): %s", (_, bounds, size) => {
    const kind = probeKind(bounds);
    const mailbox = new Mailbox<ProbeMessage>(kind, new Scheduler(Date.now));
    for (const name of ["a", "b", "c"]) mailbox.tell({ name, size });
    expect(kind.dropped).toEqual(["c"]);
    const actor = new ProbeActor();
    mailbox.start(actor);
    expect(actor.received).toEqual(["a", "b"]);
  });

  test("takes a message that carries nothing all the same", () => {
    const kind = probeKind({ maxMessages: 1, maxBytes: 1 });
    const mailbox = new Mailbox<ProbeMessage>(kind, new Scheduler(Date.now));
    mailbox.tell({ name: "full", size: 1 });
    mailbox.tell({ name: "control" });
    expect(kind.dropped).toEqual([]);
    expect(mailbox.length).toBe(2);
  });

  test("has room again when messages have been handled", () => {
    const { mailbox, kind } = mailboxOf(probeKind({ maxBytes: 10 }));
    for (let count = 0; count < 1000; count++) mailbox.tell({ name: "a", size: 10 });
    expect(kind.dropped).toEqual([]);
  });

  test("never holds more than its bounds, and hands over or refuses every message", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 })), fc.integer({ min: 1, max: 5 }), (sizes, maxMessages) => {
        const kind = probeKind({ maxMessages, maxBytes: 20 });
        const mailbox = new Mailbox<ProbeMessage>(kind, new Scheduler(Date.now));
        let held = 0;
        for (const [at, size] of sizes.entries()) {
          const before = kind.dropped.length;
          mailbox.tell({ name: String(at), size });
          if (kind.dropped.length === before) held += size;
          expect(held).toBeLessThanOrEqual(20);
        }
        const actor = new ProbeActor();
        mailbox.start(actor);
        const all = [...actor.received, ...kind.dropped].map(Number).sort((a, b) => a - b);
        expect(all).toEqual([...sizes.keys()]);
      }),
    );
  });
});

describe("Mailbox whose actor throws", () => {
  const fail = () => {
    throw new Error("broken");
  };

  test("asks the supervisor, and goes on with the actor that it gives", () => {
    const next = new ProbeActor();
    const { mailbox, actor, kind } = mailboxOf(probeKind({}, () => next));
    mailbox.tell({ name: "a", run: fail });
    mailbox.tell({ name: "b" });
    expect(kind.failures).toEqual(["a: broken"]);
    expect(actor.isStopped).toBe(true);
    expect(next.received).toEqual(["b"]);
  });

  test("goes on with the same actor where the supervisor keeps it", async () => {
    const { mailbox, actor, kind } = mailboxOf();
    mailbox.tell({ name: "a", run: () => Promise.reject(new Error("later")) });
    mailbox.tell({ name: "b" });
    await nextMacrotask();
    expect(kind.failures).toEqual(["a: later"]);
    expect(actor.isStopped).toBe(false);
    expect(actor.received).toEqual(["a", "b"]);
  });

  test("stops where the supervisor gives none; what waits goes to dead()", () => {
    const { mailbox, actor, kind } = mailboxOf(probeKind({}, () => undefined));
    const tellMore = () => {
      mailbox.tell({ name: "b" });
      return fail();
    };
    mailbox.tell({ name: "a", run: tellMore });
    expect(mailbox.stopped).toBe(true);
    expect(actor.isStopped).toBe(true);
    expect(kind.died).toEqual(["b"]);
  });

  test("leaves other mailboxes of the turn alone", () => {
    const { mailbox, scheduler } = mailboxOf();
    const other = new ProbeActor();
    const neighbour = new Mailbox<ProbeMessage>(probeKind(), scheduler, other);
    scheduler.turn(() => {
      mailbox.tell({ name: "a", run: fail });
      neighbour.tell({ name: "b" });
    });
    expect(other.received).toEqual(["b"]);
  });
});

describe("Mailbox.stop()", () => {
  test("gives later messages to dead()", () => {
    const { mailbox, kind, actor } = mailboxOf();
    mailbox.stop();
    mailbox.tell({ name: "late" });
    expect(kind.died).toEqual(["late"]);
    expect(actor.received).toEqual([]);
  });

  test("lets a promise under way end without harm", async () => {
    const { mailbox, kind } = mailboxOf();
    const gate = deferred();
    mailbox.tell({ name: "a", run: () => gate.promise });
    mailbox.tell({ name: "b" });
    mailbox.stop();
    gate.reject(new Error("after the end"));
    await nextMacrotask();
    expect(kind.died).toEqual(["b"]);
    expect(kind.failures).toEqual([]);
  });
});
