import { describe, expect, test } from "bun:test";
import { Mailbox } from "../../../actors/runtime/mailbox.ts";
import { Scheduler } from "../../../actors/runtime/scheduler.ts";
import { nextMacrotask, ProbeActor, type ProbeMessage, probeKind } from "./probe_actor.ts";

function pair(now = () => 0) {
  const scheduler = new Scheduler(now);
  const order: string[] = [];
  const make = () => new Mailbox<ProbeMessage>(probeKind(), scheduler, new ProbeActor());
  const note = (name: string) => ({ name, run: () => void order.push(name) });
  return { scheduler, order, one: make(), other: make(), note };
}

describe("Scheduler", () => {
  test("lets mailboxes take turns: a full one does not hold up the others", () => {
    const { scheduler, order, one, other, note } = pair();
    scheduler.turn(() => {
      for (let count = 0; count < 500; count++) one.tell(note("one"));
      other.tell(note("other"));
    });
    expect(order).toHaveLength(501);
    expect(order.indexOf("other")).toBeLessThan(100);
  });

  test("lets I/O have its turn when mailboxes feed each other without end", async () => {
    const { scheduler, one, other } = pair();
    let rounds = 0;
    let isOver = false;
    const ping = (mailbox: typeof one, peer: typeof one): ProbeMessage => ({
      name: "ping",
      run: () => {
        rounds++;
        if (!isOver) peer.tell(ping(peer, mailbox));
      },
    });
    scheduler.turn(() => one.tell(ping(one, other)));
    const atFirst = rounds;
    await nextMacrotask();
    isOver = true;
    expect(atFirst).toBeGreaterThan(0);
    await nextMacrotask();
    const atLast = rounds;
    await nextMacrotask();
    expect(rounds).toBe(atLast);
  });

  test("runs what is gathered when the mailboxes are empty, before the turn ends", () => {
    const { scheduler, order, one, other, note } = pair();
    scheduler.turn(() => {
      one.tell({ name: "a", run: () => scheduler.atTurnEnd({ turnEnded: () => void order.push("end") }) });
      other.tell(note("b"));
      one.tell(note("c"));
    });
    expect(order).toEqual(["c", "b", "end"]);
  });

  test("handles what a task at the end of the turn tells, in the same turn", () => {
    const { scheduler, order, one, note } = pair();
    scheduler.turn(() => scheduler.atTurnEnd({ turnEnded: () => one.tell(note("told")) }));
    expect(order).toEqual(["told"]);
  });

  test("runs a task at once outside a turn", () => {
    const { scheduler } = pair();
    let ran = false;
    scheduler.atTurnEnd({
      turnEnded: () => {
        ran = true;
      },
    });
    expect(ran).toBe(true);
  });

  test("gathers all that one turn tells", () => {
    const { scheduler, order, one, note } = pair();
    scheduler.turn(() => {
      one.tell(note("a"));
      order.push("work");
    });
    expect(order).toEqual(["work", "a"]);
  });

  test("goes on after work that throws", () => {
    const { scheduler, order, one, note } = pair();
    const work = () => {
      one.tell(note("a"));
      throw new Error("broken");
    };
    expect(() => scheduler.turn(work)).toThrow("broken");
    one.tell(note("b"));
    expect(order).toEqual(["a", "b"]);
  });

  test("goes on after a gathered task that throws", () => {
    const { scheduler, order, one, note } = pair();
    const gather = () => {
      scheduler.atTurnEnd({
        turnEnded: () => {
          throw new Error("broken");
        },
      });
      scheduler.atTurnEnd({ turnEnded: () => void order.push("second") });
    };
    expect(() => scheduler.turn(gather)).toThrow("broken");
    one.tell(note("a"));
    expect(order).toContain("a");
    expect(order).toContain("second");
  });

  test("lets mailboxes wait while they are held, in their order", () => {
    const { scheduler, order, one, other, note } = pair();
    scheduler.hold();
    one.tell(note("first"));
    other.tell(note("second"));
    one.tell(note("third"));
    expect(order).toEqual([]);
    scheduler.handle();
    expect(order).toEqual(["first", "third", "second"]);
    other.tell(note("fourth"));
    expect(order.at(-1)).toBe("fourth");
  });

  test("handles what is held in a turn that begins by itself", () => {
    const { scheduler, order, one, other, note } = pair();
    scheduler.hold();
    one.tell(note("held"));
    scheduler.turn(() => other.tell(note("told")));
    expect(order).toEqual(["held", "told"]);
  });

  describe("where messages take time", () => {
    /** Each message takes that many milliseconds. */
    function slow(ms: number) {
      let now = 0;
      const made = pair(() => now);
      const note = (name: string, size = 0) => ({
        name,
        size,
        run: () => {
          now += ms;
          made.order.push(name);
        },
      });
      return { ...made, note };
    }

    test("ends a turn after 10 ms, and goes on once the event loop has been round", async () => {
      const { scheduler, order, one, note } = slow(1);
      scheduler.turn(() => {
        for (let count = 0; count < 100; count++) one.tell(note("one"));
      });
      expect(order.length).toBeGreaterThan(8);
      expect(order.length).toBeLessThan(16);
      await nextMacrotask();
      expect(order.length).toBeGreaterThan(16);
      expect(order.length).toBeLessThan(32);
    });

    test("looks at the clock sooner where messages are long", () => {
      const { scheduler, order, one, note } = slow(10);
      scheduler.turn(() => {
        for (let count = 0; count < 100; count++) one.tell(note("one", 200_000));
      });
      expect(order).toHaveLength(1);
    });

    test("lets other mailboxes go first after a few messages", () => {
      const { scheduler, order, one, other, note } = slow(1);
      scheduler.turn(() => {
        for (let count = 0; count < 100; count++) one.tell(note("one"));
        other.tell(note("other"));
      });
      expect(order.indexOf("other")).toBe(4);
    });

    test("begins no turn meanwhile, and handles what has come in its place", async () => {
      const { scheduler, order, one, other, note } = slow(1);
      scheduler.turn(() => {
        for (let count = 0; count < 20; count++) one.tell(note("one"));
      });
      const handled = order.length;
      other.tell(note("other"));
      scheduler.hold();
      other.tell(note("held"));
      scheduler.handle();
      expect(order).toHaveLength(handled);
      await nextMacrotask();
      expect(order.indexOf("other")).toBeLessThan(order.lastIndexOf("one"));
      expect(order).toContain("held");
    });

    test("reads the clock after some messages, not after each", () => {
      let looks = 0;
      const { scheduler, order, one, note } = pair(() => {
        looks++;
        return 0;
      });
      scheduler.turn(() => {
        for (let count = 0; count < 400; count++) one.tell(note("one"));
      });
      expect(order).toHaveLength(400);
      expect(looks).toBeLessThanOrEqual(110);
    });
  });
});
