/** Contract "Letters are data": every kind of letter survives being written down, and structuredClone. */
import { describe, expect, test } from "bun:test";
import type { Address, DirectoryLetter, WaiterLetter } from "../../actors/address.ts";
import type { DeliveryLetter, Envelope } from "../../actors/delivery/delivery_letter.ts";
import type { HopLetter } from "../../actors/hop/hop_letter.ts";
import { type Frame, readFrame, writeFrame } from "../../actors/letter_codec.ts";
import type { SessionLetter } from "../../actors/session/session_letter.ts";
import type { UserLetter } from "../../actors/user/user_letter.ts";
import { NOTHING_FIRED } from "../../amp/evaluate.ts";
import type { Rule } from "../../amp/rule.ts";
import { StoreFault } from "../../store/store.ts";
import { StreamError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { xml } from "../../xmpp/xml/xml.ts";

const ROMEO = Jid.parse("romeo@localhost/orchard");
const JULIET = Jid.parse("juliet@localhost");
const STANZA = Stanza.build(
  "message",
  { from: ROMEO, to: JULIET, id: "m1", type: "chat" },
  xml`<body>A &amp; "B"</body>`,
);
const RULE: Rule = { condition: "deliver", value: "stored", action: "notify" };
const RULES = {
  rules: [RULE],
  perHop: false,
  fired: new Set([...NOTHING_FIRED, 0]),
  settled: true,
  sender: ROMEO,
  recipient: JULIET,
  id: "m1",
};
const ENVELOPE: Envelope = {
  kind: "stanza",
  stanza: STANZA,
  replyTo: { to: { kind: "session", id: 7 }, ticket: 3, waits: false },
  notice: false,
  seq: 0,
  via: [JULIET],
  rules: RULES,
};
const FAULT = new StoreFault("full", "Cannot commit: no space");
const ERROR = new StreamError("conflict", { text: "Replaced", application: xml`<why xmlns="urn:example">&lt;</why>` });

/** One of each kind: a kind without a sample does not compile. */
type Samples<Letter extends { readonly kind: string }> = {
  readonly [Kind in Letter["kind"]]: Extract<Letter, { readonly kind: Kind }>;
};

const session: Samples<SessionLetter> = {
  deliver: { kind: "deliver", stanza: STANZA, seq: 9, until: 12, ofStranger: true },
  accepted: { kind: "accepted", ticket: 1, side: "recipient" },
  revoke: { kind: "revoke", seq: 9 },
  end: { kind: "end", error: ERROR },
};

const user: Samples<UserLetter> = {
  bind: {
    kind: "bind",
    session: 2 ** 40 + 1,
    resource: "orchard",
    client: undefined,
    marks: ["carbons"],
    replyTo: { to: { kind: "waiter", process: 1 }, ticket: 4 },
  },
  presence: { kind: "presence", resource: "orchard", stanza: Stanza.build("presence", { from: ROMEO }) },
  inbound: { kind: "inbound", stanza: Stanza.build("presence", { from: ROMEO, to: JULIET, type: "subscribe" }) },
  shown: { kind: "shown", stanza: Stanza.build("presence", { from: ROMEO, to: JULIET }) },
  iq: {
    kind: "iq",
    stanza: Stanza.build("iq", { from: ROMEO, to: JULIET, id: "1", type: "get" }, xml`<q xmlns="q"/>`),
  },
  ended: { kind: "ended", resource: "orchard", session: 7, unproved: [1, 2], ignored: true },
  forward: { kind: "forward", to: JULIET },
  end: { kind: "end", error: ERROR, except: "orchard" },
  removed: { kind: "removed" },
};

const delivery: Samples<DeliveryLetter> = {
  stanza: ENVELOPE,
  explain: { kind: "explain", envelope: ENVELOPE, forward: true },
  profile: {
    kind: "profile",
    profile: {
      exists: true,
      persistent: true,
      resources: [{ resource: "orchard", jid: ROMEO, session: 7, marks: new Set(["carbons"]), seenUntil: 0 }],
      blocked: new Set(["tybalt@localhost"]),
      watchers: new Set(["juliet@localhost"]),
      watched: new Set(),
      forwardTo: JULIET,
      archivePreferences: { default: "roster", always: [], never: ["x@y"] },
      contacts: new Set(["juliet@localhost"]),
    },
  },
  outgoing: { kind: "outgoing", stanza: STANZA, session: 7, replyTo: ENVELOPE.replyTo },
  applied: { kind: "applied" },
  late: { kind: "late", seqs: [1], session: 7 },
  proved: { kind: "proved", seqs: [1, 2], resource: "orchard", by: "pong" },
  unproved: { kind: "unproved", seqs: [], session: 7, ignored: false },
  committed: { kind: "committed", seqs: [1] },
  refused: { kind: "refused", seqs: [1], fault: FAULT },
  flush: { kind: "flush", seenUntil: 5, comes: true },
  detached: { kind: "detached" },
  expire: { kind: "expire", seq: 5 },
  done: { kind: "done", seq: 5, commit: 2, fault: FAULT },
  accepted: { kind: "accepted", ticket: 5, side: "recipient" },
  outcome: { kind: "outcome", ticket: 5, outcome: { kind: "expired", rule: { ...RULE } } },
  again: { kind: "again", seq: 5 },
};

const hop: Samples<HopLetter> = {
  start: { kind: "start" },
  reachable: { kind: "reachable" },
  opened: { kind: "opened" },
  stanza: ENVELOPE,
  explain: { kind: "explain", envelope: ENVELOPE },
  rows: { kind: "rows", rows: [{ seq: 1, text: "<m/>", rules: undefined, deadline: 3, archived: false }] },
  committed: { kind: "committed", seqs: [1] },
  refused: { kind: "refused", seqs: [1], fault: FAULT },
  done: { kind: "done", seq: 5, commit: 1, fault: undefined },
  answered: { kind: "answered", seq: 1, answer: new Error("Cannot reach it") },
  retry: { kind: "retry", seq: 1 },
  expire: { kind: "expire", seq: 1 },
};

const waiter: Samples<WaiterLetter> = {
  accepted: { kind: "accepted", ticket: 1, side: "recipient" },
  outcome: { kind: "outcome", ticket: 1, outcome: { kind: "direct", resource: "balcony" } },
  explained: {
    kind: "explained",
    ticket: 1,
    finding: {
      kind: "judged",
      plan: { kind: "forward", to: "romeo@localhost" },
      rules: [RULE],
      verdict: { kind: "default", notify: { index: 0, rule: RULE, when: "handed-over" } },
      perHop: false,
      at: 5,
      outcome: { kind: "forwarded" },
      carried: RULES,
    },
  },
  bound: { kind: "bound", ticket: 1, session: 7, jid: ROMEO },
  unbound: { kind: "unbound", ticket: 1, condition: "resource-constraint" },
};

const directory: Samples<DirectoryLetter> = {
  view: {
    kind: "view",
    session: 7,
    view: { resource: "orchard", available: true, priority: -1, connected: false },
  },
  remove: { kind: "remove", account: JULIET },
  renew: { kind: "renew", account: JULIET },
  "end-sessions": { kind: "end-sessions", account: JULIET, except: ROMEO },
  steps: { kind: "steps" },
};

const ADDRESSES: readonly (readonly [Address, object])[] = [
  [{ kind: "session", id: 7 }, session],
  [{ kind: "user", jid: JULIET }, user],
  [{ kind: "delivery", jid: JULIET }, delivery],
  [{ kind: "hop", domain: "sms.example.org" }, hop],
  [{ kind: "waiter", process: 1 }, waiter],
  [{ kind: "directory", process: 1 }, directory],
];

const FRAMES = ADDRESSES.flatMap(([to, samples]) =>
  Object.values(samples).map((letter) => [to.kind, letter.kind, { to, letter } as Frame] as const),
);

describe("a letter", () => {
  test.each(FRAMES)("to a %s survives being written down: %s", (_, __, frame) => {
    const text = writeFrame(frame);
    const read = readFrame(text);
    expect(shapeOf(read)).toEqual(shapeOf(frame));
    expect(writeFrame(read)).toBe(text);
  });

  test.each(FRAMES)("to a %s is data that structuredClone takes: %s", (_, __, frame) => {
    const data = JSON.parse(writeFrame(frame));
    expect(writeFrame(readFrame(JSON.stringify(structuredClone(data))))).toBe(writeFrame(frame));
  });

  test("of an unknown kind of value is refused", () => {
    expect(() => readFrame('{"to":{"$":"ship"},"letter":{}}')).toThrow("Cannot read letter");
  });
});

/** Values of the protocol by their text, so that they compare; a function would be one thing too many. */
function shapeOf(value: unknown): unknown {
  if (typeof value === "function") throw new Error("A letter holds a function");
  if (value instanceof Jid) return `jid ${value.text}`;
  if (value instanceof Stanza) return `stanza ${value.write()}`;
  if (value instanceof Error) return [value.constructor.name, value.message, { ...value }.toString()];
  if (value instanceof Set) return ["set", ...value];
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, shapeOf(each)]));
}
