import { expect, test } from "bun:test";
import type { SeenStep } from "../../chaos/application.ts";
import { checkApplication } from "../../chaos/check_application.ts";
import { readEvents } from "../../chaos/read_events.ts";
import type { ViolationKind } from "../../chaos/violation.ts";

/** `a1`: a step of message a with cursor 1. */
function kept(...places: readonly string[]) {
  return [...new Set(places.map((place) => place[0]!))].map((id) => ({
    id,
    from: "localhost",
    to: "x@localhost",
    at: 0,
    settled: undefined,
    steps: places
      .filter((place) => place[0] === id)
      .map((place) => ({
        cursor: Number(place[1]),
        timeline: id,
        at: 0,
        kind: `s${place[1]}`,
        detail: undefined,
        settles: undefined,
      })),
  }));
}

function seen(...places: readonly string[]): readonly SeenStep[] {
  return places.map((place) => ({ message: place[0]!, kind: `s${place[1]}`, at: 0 }));
}

const STEPS = kept("a1", "b2", "a3", "b4");

test.each<[what: string, saw: readonly SeenStep[], found: readonly ViolationKind[]]>([
  ["every step", seen("a1", "b2", "a3", "b4"), []],
  ["some twice", seen("a1", "b2", "a1", "b2", "a3", "b4"), []],
  ["not the last ones", seen("a1", "b2"), []],
  ["nothing", [], []],
  ["not one in the middle", seen("a1", "a3", "b4"), ["unseen"]],
  ["the last one alone", seen("b4"), ["unseen", "unseen", "unseen"]],
])("a follower that has seen %s", (_, saw, found) => {
  const records = { seen: saw, keyed: new Map(), follows: 1 };
  expect(checkApplication(records, STEPS, new Map()).map(({ kind }) => kind)).toEqual([...found]);
});

test.each<[ids: readonly string[], stored: number, found: readonly ViolationKind[]]>([
  [["t"], 1, []],
  [["t"], 2, ["sent-twice"]],
  [["t", "u"], 1, ["sent-twice"]],
  [["t"], 0, ["unsent"]],
  [[], 0, []],
  [[], 1, []],
  [[], 2, ["sent-twice"]],
])("a key with the timelines %j and %i messages", (ids, stored, found) => {
  const records = { seen: [], keyed: new Map([["k1", new Set(ids)]]), follows: 0 };
  expect(checkApplication(records, [], new Map([["k1", stored]])).map(({ kind }) => kind)).toEqual([...found]);
});

test("readEvents() joins pieces, and leaves out comments and what is cut", async () => {
  const text = 'retry: 2000\n\n: beat\n\nid: 1\ndata: {"a":1}\n\nid: 2\ndata: {"b":"é"}\n\nid: 3\nda';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 7, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.slice(at * size, (at + 1) * size),
    );
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
    const events = await Array.fromAsync(readEvents(body));
    expect(events).toEqual([
      { id: "1", data: '{"a":1}' },
      { id: "2", data: '{"b":"é"}' },
    ]);
  }
});
