import { describe, expect, test } from "bun:test";
import type { OwnSessionRef } from "../../actors/session/session_letter.ts";
import { StreamRegistry } from "../../actors/stream_registry.ts";
import { Jid } from "../../xmpp/jid.ts";

const JULIET = Jid.parse("juliet@x");
const ROMEO = Jid.parse("romeo@x");
const SESSION = {} as OwnSessionRef;

function registry() {
  let ids = 0;
  let changes = 0;
  const streams = new StreamRegistry(
    () => `s${++ids}`,
    () => changes++,
  );
  return { streams, changes: () => changes };
}

describe("StreamRegistry", () => {
  test("finds an open stream for its own account only", () => {
    const { streams } = registry();
    const id = streams.open(JULIET, SESSION);
    expect(streams.find(JULIET, id)?.session).toBe(SESSION);
    expect(streams.find(ROMEO, id)).toBeUndefined();
    expect(streams.find(JULIET, "other")).toBeUndefined();
  });

  test("remembers the count of a stream that has ended, and what is settled after that", () => {
    const { streams } = registry();
    const id = streams.open(JULIET, SESSION);
    streams.close(id, 7);
    expect(streams.find(JULIET, id)).toMatchObject({ session: undefined, h: 7 });
    streams.note(id, 9);
    expect(streams.find(JULIET, id)?.h).toBe(9);
  });

  test("gives a count to be kept once, and says when there is one again", () => {
    const { streams, changes } = registry();
    const id = streams.open(JULIET, SESSION);
    streams.note(id, 3);
    streams.note(id, 4);
    expect(changes()).toBe(1);
    expect(streams.takeCounts(50)).toEqual([{ id, account: "juliet@x", h: 4, at: 50 }]);
    expect(streams.takeCounts(60)).toEqual([]);
    streams.note(id, 4);
    expect(changes()).toBe(1);
    streams.note(id, 5);
    expect(changes()).toBe(2);
  });

  test("forgets the oldest ended streams, never an open one", () => {
    const { streams } = registry();
    const open = streams.open(JULIET, SESSION);
    const ended = Array.from({ length: 10_001 }, () => streams.open(JULIET, SESSION));
    for (const id of ended) streams.close(id, 1);
    expect(streams.find(JULIET, ended[0]!)).toBeUndefined();
    expect(streams.find(JULIET, ended[1]!)).toBeDefined();
    expect(streams.find(JULIET, open)?.session).toBe(SESSION);
  });

  test("never gives an id twice, also for streams that have ended", () => {
    const { streams } = registry();
    const ids = Array.from({ length: 50 }, () => {
      const id = streams.open(JULIET, SESSION);
      streams.close(id, 0);
      return id;
    });
    expect(new Set(ids).size).toBe(50);
  });

  test("knows nothing of a stream without id", () => {
    const { streams, changes } = registry();
    streams.note(undefined, 3);
    streams.close(undefined, 3);
    expect(changes()).toBe(0);
  });
});
