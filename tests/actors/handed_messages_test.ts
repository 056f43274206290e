import { expect, test } from "bun:test";
import type { ReplyTo } from "../../actors/address.ts";
import type { Envelope } from "../../actors/delivery/delivery_letter.ts";
import { HandedMessages } from "../../actors/handed_messages.ts";
import { Stanza } from "../../xmpp/stanza.ts";

const SESSION = { kind: "session", id: "s1" } as unknown as NonNullable<ReplyTo["to"]>;
const WAITER = { kind: "waiter" } as unknown as NonNullable<ReplyTo["to"]>;

function stage() {
  const accepted: number[] = [];
  const errors: string[] = [];
  const timers = new Set<() => void>();
  const handed = new HandedMessages({
    log: { debug() {}, info() {}, warn() {}, error: (what, fields) => void errors.push(`${what} ${fields?.stanza}`) },
    accepted: ({ ticket }) => void accepted.push(ticket),
    schedule: (_ms, task) => {
      timers.add(task);
      return () => timers.delete(task);
    },
  });
  const message = (ticket: number, to: ReplyTo["to"] = SESSION): Envelope => ({
    kind: "stanza",
    stanza: Stanza.parse(`<message to="bot@echo" id="m${ticket}"/>`),
    notice: false,
    via: [],
    seq: 0,
    rules: undefined,
    replyTo: { to, ticket, waits: false },
  });
  return { handed, accepted, errors, timers, message };
}

test("a count waits so long for a message that is never finished, and the log tells", () => {
  const { handed, accepted, errors, timers, message } = stage();
  handed.hand(message(1), () => {});
  const [late] = timers;
  late!();
  expect([accepted, errors]).toEqual([[1], ["destination has not finished message m1"]]);
  expect(handed.size).toBe(0);
});

test("one that is finished, at once or later, needs no time", () => {
  const { handed, timers, message } = stage();
  const [first, second] = [message(1), message(2)];
  handed.hand(first, () => handed.remove(first));
  expect(timers.size).toBe(0);
  handed.hand(second, () => {});
  expect(timers.size).toBe(1);
  // With other rules, as a destination gets it.
  handed.remove({ ...second });
  expect([timers.size, handed.size]).toEqual([0, 0]);
});

test("nor one whose sender has no stream that counts", () => {
  const { handed, timers, message } = stage();
  handed.hand(message(1, WAITER), () => {});
  handed.hand({ ...message(2), replyTo: undefined }, () => {});
  expect([timers.size, handed.size]).toEqual([0, 0]);
});
