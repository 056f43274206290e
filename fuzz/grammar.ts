/**
 * Stanzas by a grammar: the payloads of the protocols that are served, with their elements, attributes and values, and slips of
 * their structure: what is missing, doubled, misplaced or in another namespace. What would end the account is left out, since
 * the next input needs it.
 * @module
 */
import type { Random } from "../chaos/random.ts";
import { NS } from "../xmpp/ns.ts";
import { attr, type Markup, raw, xml } from "../xmpp/xml/xml.ts";

type Value = (random: Random) => string;

/** An element: its name, random attributes and text, and the children that it may have, with their numbers. */
interface Shape {
  readonly name: string;
  /** Inherited where it is left out. */
  readonly ns?: string;
  readonly attrs?: Readonly<Record<string, Value>>;
  readonly text?: Value;
  readonly holds?: readonly Shape[];
}

const SLIP = 0.06;
const MOST_OF_ONE = 3;

const of =
  (...values: readonly string[]): Value =>
  (random) =>
    random.pick(values);

const JID = of(
  "romeo@localhost",
  "juliet@localhost",
  "juliet@localhost/none",
  "nobody@localhost",
  "localhost",
  "a@elsewhere.example",
  "b\u00fccher@xn--bcher-kva.example",
  "@",
  "",
);
const WORD = of("a", "b", "urn:n", "", "\u00fc\u{1f600}", "&<>\"'", "__proto__", "x".repeat(2000));
const NUMBER = of("0", "1", "5", "250", "-1", "1.5", "99999999999999999999", "many");
const BOOLEAN = of("true", "false", "0", "1", "maybe");
const TIME = of("2026-12-01T00:00:00Z", "2099-01-01T00:00:00.123456+14:00", "1970-01-01T00:00:00Z", "tomorrow");
const NODE = of("urn:n", "urn:xmpp:avatar:metadata", "urn:xmpp:bookmarks:1", "storage:bookmarks", "");

const leaf = (name: string, text?: Value, attrs?: Shape["attrs"], ns?: string): Shape => ({
  name,
  ...(text && { text }),
  ...(attrs && { attrs }),
  ...(ns !== undefined && { ns }),
});

const FIELD: Shape = {
  name: "field",
  attrs: {
    var: of("FORM_TYPE", "with", "start", "end", "before-id", "after-id", "ids", "pubsub#access_model", "address"),
    type: of("hidden", "text-single", "list-multi"),
  },
  holds: [
    leaf(
      "value",
      of(
        NS.MAM,
        "http://jabber.org/protocol/pubsub#node_config",
        "open",
        "whitelist",
        "romeo@localhost",
        "2026-12-01T00:00:00Z",
        "x",
      ),
    ),
  ],
};
const FORM: Shape = { name: "x", ns: NS.DATA, attrs: { type: of("submit", "cancel", "form") }, holds: [FIELD, FIELD] };
const PAGE: Shape = {
  name: "set",
  ns: NS.RSM,
  holds: [leaf("max", NUMBER), leaf("before", WORD), leaf("after", WORD), leaf("index", NUMBER)],
};
const ANY: Shape = { name: "x", ns: "urn:x", text: WORD, holds: [leaf("y", WORD)] };
const ITEM: Shape = { name: "item", attrs: { id: WORD }, holds: [ANY] };
const pubsub = (ns: string, ...holds: readonly Shape[]): Shape => ({ name: "pubsub", ns, holds });
const blocked = (name: string): Shape => ({ name, ns: NS.BLOCKING, holds: [leaf("item", undefined, { jid: JID })] });

/** What an IQ may ask. */
const REQUESTS: readonly Shape[] = [
  {
    name: "query",
    ns: NS.ROSTER,
    attrs: { ver: NUMBER },
    holds: [
      {
        name: "item",
        attrs: { jid: JID, name: WORD, subscription: of("remove", "both", "none") },
        holds: [leaf("group", WORD)],
      },
    ],
  },
  leaf("query", undefined, { node: NODE }, NS.DISCO_INFO),
  leaf("query", undefined, { node: NODE }, NS.DISCO_ITEMS),
  leaf("query", undefined, {}, NS.LAST),
  leaf("query", undefined, {}, NS.VERSION),
  leaf("query", undefined, {}, NS.REGISTER),
  leaf("time", undefined, {}, NS.TIME),
  leaf("ping", undefined, {}, NS.PING),
  leaf("blocklist", undefined, {}, NS.BLOCKING),
  blocked("block"),
  blocked("unblock"),
  leaf("enable", undefined, {}, NS.CARBONS),
  leaf("disable", undefined, {}, NS.CARBONS),
  { name: "query", ns: NS.PRIVATE, holds: [leaf("storage", WORD, {}, "storage:bookmarks"), ANY] },
  {
    name: "vCard",
    ns: NS.VCARD,
    holds: [leaf("FN", WORD), { name: "PHOTO", holds: [leaf("TYPE", WORD), leaf("BINVAL", of("AAAA", "!"))] }],
  },
  { name: "query", ns: NS.MAM, attrs: { queryid: WORD, node: NODE }, holds: [FORM, PAGE, leaf("flip-page")] },
  leaf("metadata", undefined, {}, NS.MAM),
  {
    name: "prefs",
    ns: NS.MAM,
    attrs: { default: of("always", "never", "roster", "x") },
    holds: [
      { name: "always", holds: [leaf("jid", JID)] },
      { name: "never", holds: [leaf("jid", JID)] },
    ],
  },
  {
    name: "command",
    ns: NS.COMMANDS,
    attrs: {
      node: of("urn:ampact:forwarding", "x"),
      action: of("execute", "complete", "cancel", "prev"),
      sessionid: WORD,
    },
    holds: [FORM],
  },
  pubsub(
    NS.PUBSUB,
    { name: "publish", attrs: { node: NODE }, holds: [ITEM] },
    { name: "publish-options", holds: [FORM] },
  ),
  pubsub(NS.PUBSUB, { name: "items", attrs: { node: NODE, max_items: NUMBER }, holds: [ITEM] }, PAGE),
  pubsub(NS.PUBSUB, { name: "retract", attrs: { node: NODE, notify: BOOLEAN }, holds: [ITEM] }),
  pubsub(NS.PUBSUB, leaf("create", undefined, { node: NODE }), { name: "configure", holds: [FORM] }),
  pubsub(NS.PUBSUB, leaf("subscribe", undefined, { node: NODE, jid: JID })),
  pubsub(NS.PUBSUB, leaf("unsubscribe", undefined, { node: NODE, jid: JID, subid: WORD })),
  pubsub(NS.PUBSUB, leaf("subscriptions", undefined, { node: NODE }), leaf("affiliations")),
  pubsub(NS.PUBSUB_OWNER, { name: "configure", attrs: { node: NODE }, holds: [FORM] }),
  pubsub(NS.PUBSUB_OWNER, leaf("delete", undefined, { node: NODE }), leaf("purge", undefined, { node: NODE })),
  pubsub(NS.PUBSUB_OWNER, {
    name: "affiliations",
    attrs: { node: NODE },
    holds: [leaf("affiliation", undefined, { jid: JID, affiliation: of("owner", "none", "x") })],
  }),
  leaf("services", undefined, { type: WORD }, "urn:xmpp:extdisco:2"),
  ANY,
];

const RULE: Shape = {
  name: "rule",
  attrs: {
    condition: of("deliver", "expire-at", "match-resource", "x"),
    action: of("alert", "drop", "error", "notify", "x"),
    value: of("direct", "forward", "gateway", "none", "stored", "any", "exact", "other", "2026-12-01T00:00:00Z", ""),
  },
};
const DELAY = leaf("delay", WORD, { from: JID, stamp: TIME }, NS.DELAY);
const CONTENT: readonly Shape[] = [
  leaf("body", WORD),
  leaf("subject", WORD),
  leaf("thread", WORD),
  {
    name: "amp",
    ns: NS.AMP,
    attrs: { "per-hop": BOOLEAN, status: of("alert", "notify"), to: JID, from: JID },
    holds: [RULE, RULE],
  },
  DELAY,
  leaf("composing", undefined, {}, NS.CHATSTATES),
  leaf("request", undefined, {}, NS.RECEIPTS),
  leaf("received", undefined, { id: WORD }, NS.RECEIPTS),
  leaf("no-store", undefined, {}, NS.HINTS),
  leaf("store", undefined, {}, NS.HINTS),
  leaf("private", undefined, {}, NS.CARBONS),
  leaf("stanza-id", undefined, { id: WORD, by: JID }, NS.SID),
  leaf("origin-id", undefined, { id: WORD }, NS.SID),
  leaf("retract", undefined, { id: WORD }, NS.RETRACT),
  { name: "reactions", ns: NS.REACTIONS, attrs: { id: WORD }, holds: [leaf("reaction", WORD)] },
  { name: "event", ns: NS.PUBSUB_EVENT, holds: [{ name: "items", attrs: { node: NODE }, holds: [ITEM] }] },
  {
    name: "error",
    attrs: { type: of("cancel", "x") },
    holds: [leaf("service-unavailable", undefined, {}, NS.STANZAS)],
  },
  FORM,
  ANY,
];
const PRESENCE: readonly Shape[] = [
  leaf("show", of("away", "chat", "x")),
  leaf("status", WORD),
  leaf("priority", of("0", "-1", "127", "128", "x")),
  leaf("c", undefined, { hash: of("sha-1", "sha-256", "x"), node: WORD, ver: WORD }, NS.CAPS),
  { name: "x", ns: NS.VCARD_UPDATE, holds: [leaf("photo", WORD)] },
  DELAY,
  ANY,
];

const MESSAGE_TYPE = of("chat", "normal", "headline", "groupchat", "error", "x");
const PRESENCE_TYPE = of(
  "subscribe",
  "subscribed",
  "unsubscribe",
  "unsubscribed",
  "unavailable",
  "probe",
  "error",
  "x",
);
const IQ_TYPE = of("get", "get", "get", "set", "set", "set", "set", "result", "error", "x");

/** One stanza. `id`: of its own, so that its answer is known. */
export function stanzaBy(random: Random, id: string): string {
  const to = attr("to", random.chance(0.6) ? JID(random) : undefined);
  switch (random.weighted({ iq: 5, message: 3, presence: 2 })) {
    case "iq":
      return xml`<iq xmlns="${NS.CLIENT}" id="${id}" type="${IQ_TYPE(random)}"${to}>${write(random, random.pick(REQUESTS))}</iq>`
        .text;
    case "message": {
      const type = attr("type", random.chance(0.8) ? MESSAGE_TYPE(random) : undefined);
      return xml`<message xmlns="${NS.CLIENT}" id="${id}"${type}${to}>${some(random, CONTENT)}</message>`.text;
    }
    default: {
      const type = attr("type", random.chance(0.5) ? PRESENCE_TYPE(random) : undefined);
      return xml`<presence xmlns="${NS.CLIENT}" id="${id}"${type}${to}>${some(random, PRESENCE)}</presence>`.text;
    }
  }
}

function some(random: Random, shapes: readonly Shape[]): Markup[] {
  return Array.from({ length: random.between(0, 4) }, () => write(random, random.pick(shapes)));
}

function write(random: Random, shape: Shape): Markup {
  const name = random.chance(SLIP) ? random.pick(["x", "item", "query"]) : shape.name;
  const ns = random.chance(SLIP) ? random.pick(["", "urn:x", NS.CLIENT]) : shape.ns;
  const attributes = Object.entries(shape.attrs ?? {})
    .filter(() => random.chance(0.8))
    .map(([name, value]) => attr(name, value(random)));
  const held = (shape.holds ?? []).flatMap((inner) =>
    Array.from({ length: count(random) }, () => write(random, inner)),
  );
  const content = random.chance(SLIP) ? held.toReversed() : held;
  const text = shape.text !== undefined && random.chance(0.9) && shape.text(random);
  return xml`${raw(`<${name}`)}${attr("xmlns", ns)}${attributes}${raw(">")}${text}${content}${raw(`</${name}>`)}`;
}

/** Most often one. */
function count(random: Random): number {
  return random.chance(0.6) ? 1 : random.between(0, MOST_OF_ONE);
}
