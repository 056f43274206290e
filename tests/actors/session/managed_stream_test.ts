/** XEP-0198 of one session: what is told of what was received, and when. */
import { beforeEach, expect, test } from "bun:test";
import type { Connection } from "../../../actors/connection.ts";
import type { Node } from "../../../actors/node.ts";
import { type ManagedSession, ManagedStream } from "../../../actors/session/managed_stream.ts";
import { Outbox } from "../../../actors/session/outbox.ts";
import type { OwnSessionRef, SessionMessage } from "../../../actors/session/session_letter.ts";
import type { ResumeResult } from "../../../actors/session_service.ts";
import type { StoreMessage } from "../../../actors/store_letter.ts";
import type { StoreReply } from "../../../store/store.ts";
import { Jid } from "../../../xmpp/jid.ts";

type Calls = Extract<StoreMessage, { kind: "calls" }>;

let now: number;
/** Every `h` that the client was told. */
let told: number[];
/** Counts on their way to the store. */
let keeping: Calls[];
let managed: ManagedStream;
let isOver: boolean;
/** How often the stream said that its count will not change any more. */
let counted: number;

beforeEach(() => {
  now = 0;
  told = [];
  isOver = false;
  counted = 0;
  keeping = [];
  managed = new ManagedStream(createSession(), true);
});

function createSession(): ManagedSession {
  const store = { tell: (message: StoreMessage) => void (message.kind === "calls" && keeping.push(message)) };
  const streams = { open: () => "stream", note: () => {}, close: () => {} };
  const node = { settings: { resumeMs: 60_000 }, now: () => now, store, streams } as unknown as Node;
  const send = (text: string) => void (text.startsWith("<a ") && told.push(Number(/h="(\d+)"/.exec(text)![1])));
  const tell = (message: SessionMessage) => void (message.kind === "kept" && managed.onKept(message.count));
  return {
    node,
    jid: Jid.parse("romeo@localhost/orchard"),
    outbox: new Outbox(),
    connection: { send } as unknown as Connection,
    self: () => ({ tell }) as unknown as OwnSessionRef,
    proved: () => {},
    late: () => {},
    detach: () => {},
    takeOver: () => {},
    counted: () => void counted++,
    end: () => {
      isOver = true;
      managed.ended();
    },
  };
}

/** The store has the count, or has failed. */
function keeps(reply: StoreReply = { value: undefined } as StoreReply): void {
  for (const { resolve } of keeping.splice(0)) resolve([reply]);
}

test("<r/> is answered when all that came before it is settled, and its count is kept", () => {
  const ticket = managed.next();
  managed.onRequest();
  expect([told, keeping.length]).toEqual([[], 0]);
  managed.settle(ticket);
  expect([told, keeping.length]).toEqual([[], 1]);
  keeps();
  expect(told).toEqual([1]);
});

test("a client that never pauses is told every second what is settled, though there is always more to come", () => {
  for (let behind = 0; behind < 5; behind++) managed.next();
  for (let ticket = 1; ticket <= 400; ticket++) {
    managed.next();
    managed.onRequest();
    managed.settle(ticket);
    keeps();
    now += 10;
    if (now % 1000 === 0) managed.sweep(now);
    keeps();
  }
  expect(told).toEqual([100, 200, 300, 400]);
});

test("where no count can be kept, <r/> is answered with what is", () => {
  const ticket = managed.next();
  managed.onRequest();
  managed.settle(ticket);
  keeps({ fault: { kind: "full", message: "" } } as unknown as StoreReply);
  expect(told).toEqual([]);
  now = 1000;
  managed.sweep(now);
  keeps({ fault: { kind: "full", message: "" } } as unknown as StoreReply);
  expect(told).toEqual([0]);
});

test("where the store does not answer at all, <r/> is answered too", () => {
  const ticket = managed.next();
  managed.onRequest();
  managed.settle(ticket);
  for (now = 1000; now <= 2000; now += 1000) managed.sweep(now);
  expect(told).toEqual([0]);
});

test("a resumption that takes too long fails, and then the session is over: what it holds goes to the next one", () => {
  const answers: ResumeResult[] = [];
  managed.next();
  managed.attach({ kind: "attach", connection: {} as Connection, h: 0, reply: (answer) => answers.push(answer) });
  now = 4999;
  managed.sweep(now);
  expect([answers, isOver]).toEqual([[], false]);
  now = 5000;
  managed.sweep(now);
  expect([answers, isOver]).toEqual([[{ kind: "unknown", h: 0 }], true]);
});

test("after its end it counts on until all that it has received is settled", () => {
  const [first, second] = [managed.next(), managed.next()];
  managed.ended();
  expect(managed.isCounting).toBe(true);
  managed.settle(second);
  expect([managed.isCounting, counted]).toEqual([true, 0]);
  managed.settle(first);
  expect([managed.isCounting, counted]).toEqual([false, 1]);
});

test("a message is handled when both of its sides have settled it, however often one of them says so", () => {
  const ticket = managed.next();
  managed.onRequest();
  managed.accepted(ticket, "recipient");
  managed.accepted(ticket, "recipient");
  expect(keeping).toHaveLength(0);
  managed.accepted(ticket, "sender");
  managed.accepted(ticket, "sender");
  keeps();
  expect(told).toEqual([1]);
});
