/** What the HTTP API takes and gives: read by these, and described by them (openapi.json). @module */
import * as v from "valibot";
import { ACTIONS, CONDITIONS, DELIVER_VALUES, MATCH_VALUES } from "../../amp/rule.ts";
import { Jid } from "../../xmpp/jid.ts";

/** Three parts of 1023 bytes, and what is between them: RFC 7622 section 3.1. */
const MAX_JID = 3071;
export const MAX_KEY = 256;
export const MAX_WAIT_SECONDS = 60;
const OUTCOME_KINDS = ["direct", "stored", "forwarded", "gateway", "dropped", "expired", "none"] as const;

const jid = v.pipe(
  v.string(),
  v.maxLength(MAX_JID),
  v.check((text) => Jid.tryParse(text) !== undefined, "Not a JID"),
);
const time = v.pipe(v.string(), v.isoTimestamp());
const cursor = v.pipe(v.string(), v.maxLength(100));

// Any text is taken: the rules themselves are judged together, so that the answer names every rule at fault.
const rule = v.strictObject({
  condition: v.pipe(v.string(), v.description(`One of ${CONDITIONS.join(", ")}`)),
  value: v.pipe(
    v.string(),
    v.description(
      `deliver: ${DELIVER_VALUES.join(", ")}; expire-at: a DateTime (XEP-0082); match-resource: ${MATCH_VALUES.join(", ")}`,
    ),
  ),
  action: v.pipe(v.string(), v.description(`One of ${ACTIONS.join(", ")}`)),
});

export const MESSAGE = v.strictObject({
  from: v.exactOptional(v.pipe(jid, v.description("The server's first domain unless given"))),
  to: v.pipe(jid, v.description("A bare or a full JID")),
  body: v.exactOptional(v.string()),
  type: v.exactOptional(v.picklist(["chat", "normal", "headline"])),
  rules: v.exactOptional(v.pipe(v.array(rule), v.description("XEP-0079, in their order"))),
});

export const OUTCOMES_QUERY = v.strictObject({
  from: v.exactOptional(v.pipe(jid, v.description("Messages of this JID; the resource does not count"))),
  to: v.exactOptional(v.pipe(jid, v.description("Messages to this JID; the resource does not count"))),
  kind: v.exactOptional(
    v.pipe(v.picklist([...OUTCOME_KINDS, "waiting"]), v.description("The outcome; waiting: there is none yet")),
  ),
  since: v.exactOptional(v.pipe(time, v.description("Messages from this time on"))),
  cursor: v.exactOptional(v.pipe(cursor, v.description("`next` of the page before"))),
  limit: v.exactOptional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000), v.description("100 unless given")),
  ),
});

export const STREAM_QUERY = v.strictObject({
  after: v.exactOptional(
    v.pipe(
      cursor,
      v.description("Steps beyond this cursor; Last-Event-ID goes before. From the first kept unless given"),
    ),
  ),
});

export const OUTCOME = v.looseObject({ kind: v.picklist(OUTCOME_KINDS) });

export const STEP = v.looseObject({
  message: v.pipe(v.string(), v.description("The id of the message")),
  kind: v.string(),
  at: time,
  cursor: v.string(),
});

const head = {
  id: v.string(),
  key: v.exactOptional(v.string()),
  stanza: v.exactOptional(v.pipe(v.string(), v.description("The id attribute of the message"))),
  from: v.string(),
  to: v.string(),
  at: time,
};

export const TIMELINE = v.object({
  ...head,
  steps: v.array(STEP),
  outcome: v.exactOptional(v.pipe(OUTCOME, v.description("Left out: the message is under way, or waits"))),
});

export const OUTCOMES_PAGE = v.object({
  messages: v.pipe(
    v.array(v.object({ ...head, kind: v.picklist([...OUTCOME_KINDS, "waiting"]) })),
    v.description("Newest first"),
  ),
  next: v.exactOptional(v.pipe(v.string(), v.description("Left out: there is no further page"))),
});

export const SENT = v.object({
  id: v.string(),
  outcome: v.exactOptional(OUTCOME),
  accepted: v.exactOptional(
    v.pipe(v.boolean(), v.description("With 202: whether the message is in durable storage, or has reached its end")),
  ),
});

export const EXPLANATION = v.looseObject({
  rules: v.array(v.looseObject({ state: v.string(), why: v.string() })),
  action: v.string(),
});

export const PROBLEM = v.looseObject({
  type: v.string(),
  title: v.string(),
  status: v.number(),
  detail: v.exactOptional(v.string()),
  errors: v.exactOptional(v.array(v.object({ at: v.string(), detail: v.string() }))),
});
