import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Outbox } from "../../../actors/session/outbox.ts";
import { message } from "./message.ts";

function managed(...seqs: readonly number[]): Outbox {
  const outbox = new Outbox();
  outbox.enable();
  for (const seq of seqs) outbox.add(message(seq), seq);
  return outbox;
}

describe("Outbox without XEP-0198", () => {
  test("keeps the numbers of messages that somebody waits for, and nothing else", () => {
    const outbox = new Outbox();
    outbox.add(message("plain"), 0);
    outbox.add(message("awaited"), 5);
    expect(outbox.length).toBe(1);
    expect(outbox.unacknowledged()).toEqual([]);
    expect(outbox.drain()).toEqual([5]);
  });

  test("proves what was sent before the probe, not what came after it", () => {
    const outbox = new Outbox();
    outbox.add(message(1), 1);
    outbox.add(message(2), 2);
    outbox.probe();
    outbox.add(message(3), 3);
    expect(outbox.proved()).toEqual([1, 2]);
    expect(outbox.tracked).toBe(1);
    expect(outbox.drain()).toEqual([3]);
    expect(outbox.bytes).toBe(0);
  });

  test("proves nothing without a probe", () => {
    const outbox = new Outbox();
    outbox.add(message(1), 1);
    expect(outbox.proved()).toEqual([]);
  });
});

describe("Outbox with XEP-0198", () => {
  test("counts every stanza, and tells of those that are awaited", () => {
    const outbox = managed(1, 0, 2);
    expect(outbox.acknowledge(2)).toEqual([1]);
    expect(outbox.unacknowledged()).toHaveLength(1);
    expect(outbox.acknowledge(3)).toEqual([2]);
    expect(outbox.length).toBe(0);
  });

  test("takes the same count again as nothing new", () => {
    const outbox = managed(1, 2);
    outbox.acknowledge(1);
    expect(outbox.acknowledge(1)).toEqual([]);
    expect(outbox.drain()).toEqual([2]);
  });

  test.each([2, 0xffffffff])("refuses a count of what was never sent: %i", (h) => {
    const outbox = managed(1);
    expect(outbox.acknowledge(h)).toBeUndefined();
    expect(outbox.sentCount).toBe(1);
    expect(outbox.drain()).toEqual([1]);
  });

  test("a count that went back is one that was never sent", () => {
    const outbox = managed(1, 2, 3);
    outbox.acknowledge(2);
    expect(outbox.acknowledge(1)).toBeUndefined();
  });

  test("an acknowledgement covers what was sent before counting began", () => {
    const outbox = new Outbox();
    outbox.add(message(1), 1);
    outbox.enable();
    outbox.add(message(2), 2);
    expect(outbox.tracked).toBe(2);
    expect(outbox.acknowledge(0)).toEqual([1]);
    expect(outbox.tracked).toBe(1);
    expect(outbox.acknowledge(1)).toEqual([2]);
  });

  test("gives back what was sent before counting began when the session ends", () => {
    const outbox = new Outbox();
    outbox.add(message(1), 1);
    outbox.enable();
    outbox.add(message(2), 2);
    expect(outbox.drain()).toEqual([1, 2]);
  });

  test("no probe proves anything: only the count does", () => {
    const outbox = managed(1);
    outbox.probe();
    expect(outbox.proved()).toEqual([]);
    expect(outbox.drain()).toEqual([1]);
  });

  test("a revoked message is not sent again, the others are", () => {
    const outbox = managed(1, 2, 0, 3);
    outbox.revoke(2);
    outbox.acknowledge(1);
    outbox.dropRevoked();
    expect(outbox.unacknowledged().map((stanza) => stanza.payload("body", "jabber:client")?.text)).toEqual(["0", "3"]);
    expect(outbox.tracked).toBe(1);
    expect(outbox.bytes).toBe(message(0).size + message(3).size);
    // The client never saw it, so it counts on without it.
    expect(outbox.acknowledge(3)).toEqual([3]);
  });

  test("what has expired when the stream resumes is not sent again; what was received before never expires", () => {
    const outbox = managed(1, 2, 3);
    for (const [seq, time] of [
      [1, 100],
      [2, 100],
      [3, 200],
    ] as const) {
      outbox.expireAt(seq, time);
    }
    expect(outbox.acknowledge(1)).toEqual([1]);
    expect(outbox.revokeExpired(150)).toEqual([2]);
    outbox.dropRevoked();
    expect(outbox.unacknowledged().map((stanza) => stanza.payload("body", "jabber:client")?.text)).toEqual(["3"]);
    expect(outbox.revokeExpired(150)).toEqual([]);
  });

  test("a revoked message that was received after all stays counted", () => {
    const outbox = managed(1, 2);
    outbox.revoke(1);
    expect(outbox.acknowledge(1)).toEqual([1]);
    outbox.dropRevoked();
    expect(outbox.acknowledge(2)).toEqual([2]);
  });

  test("counts on across 2^32 (XEP-0198 section 4)", () => {
    const outbox = new Outbox();
    outbox.enable(0xfffffffe);
    for (const seq of [1, 2, 3, 4]) outbox.add(message(seq), seq);
    expect(outbox.sentCount).toBe(2);
    expect(outbox.acknowledge(0xffffffff)).toEqual([1]);
    expect(outbox.acknowledge(1)).toEqual([2, 3]);
    expect(outbox.acknowledge(3)).toBeUndefined();
    expect(outbox.acknowledge(2)).toEqual([4]);
  });

  test("agrees with a plain list for any history of sending and acknowledging", () => {
    const step = fc.oneof(fc.record({ send: fc.nat({ max: 3 }) }), fc.record({ acknowledge: fc.nat({ max: 4 }) }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const outbox = managed();
        let open: number[] = [];
        let [sent, acknowledged, nextSeq] = [0, 0, 1];
        for (const action of steps) {
          if ("send" in action) {
            const seq = action.send === 0 ? 0 : nextSeq++;
            outbox.add(message(seq), seq);
            open.push(seq);
            sent++;
          } else {
            const h = acknowledged + action.acknowledge;
            const expected = h > sent ? undefined : open.slice(0, action.acknowledge).filter((seq) => seq > 0);
            expect(outbox.acknowledge(h)).toEqual(expected!);
            if (expected === undefined) continue;
            open = open.slice(action.acknowledge);
            acknowledged = h;
          }
          expect(outbox.length).toBe(open.length);
          expect(outbox.tracked).toBe(open.filter((seq) => seq > 0).length);
          expect(outbox.sentCount).toBe(sent);
        }
        expect(outbox.drain()).toEqual(open.filter((seq) => seq > 0));
        expect([outbox.length, outbox.bytes, outbox.tracked]).toEqual([0, 0, 0]);
      }),
    );
  });
});
