/**
 * The available resources of the account and its contacts, with the notifications that they want. XEP-0163 section 4.2;
 * kept in memory as long as the account is active.
 * @module
 */
import type { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { questionAnswered } from "../caps/caps_questions.ts";
import {
  type CapsName,
  type Interests,
  keyOf,
  learn,
  learntInterests,
  NO_INTERESTS,
  readCaps,
} from "../caps/learnt_caps.ts";
import type { AccountContext, MemoryKey } from "../module.ts";

interface Watcher {
  readonly jid: Jid;
  readonly name: CapsName;
  readonly interests: Interests;
}

interface Watchers {
  /** By full JID. */
  readonly known: Map<string, Watcher>;
  /** Queries for disco#info without an answer yet, by id. */
  readonly asked: Map<string, { readonly jid: Jid; readonly name: CapsName }>;
}

/** Most watchers of one account; later ones get no notifications. */
const MAX_WATCHERS = 5000;
const MAX_ASKED = 1000;

const WATCHERS: MemoryKey<Watchers> = { name: "pep watchers", make: () => ({ known: new Map(), asked: new Map() }) };

/** What a presence has brought about. */
export type Watching =
  | { readonly kind: "nothing" }

  /** Its capabilities are unknown; a query for them may be out. */
  | { readonly kind: "unknown"; readonly jid: Jid; readonly name: CapsName }
  /** It has come or changed, and wants notifications of these nodes for the first time. */
  | { readonly kind: "wants"; readonly jid: Jid; readonly interests: Interests };

const NOTHING: Watching = { kind: "nothing" };

/**
 * An available presence of a contact's resource, or an own one. A sender that may not see the account's presence is
 * kept, since it may get the right later, and gets nothing: even a query would reveal that the account is online.
 */
export function watch(jid: Jid, presence: Stanza, context: AccountContext): Watching {
  const name = readCaps(presence, context);
  // XEP-0115 section 8.4: presence without `<c/>` does not revoke earlier capabilities.
  if (name === undefined || jid.isBare) return NOTHING;
  const { known } = context.memory.get(WATCHERS);
  const before = known.get(jid.text);
  if (before !== undefined && keyOf(before.name) === keyOf(name)) return NOTHING;
  if (before === undefined && known.size >= MAX_WATCHERS) return NOTHING;
  const interests = learntInterests(name, context);
  known.set(jid.text, { jid, name, interests: interests ?? before?.interests ?? NO_INTERESTS });
  if (!context.sharesPresenceWith(jid)) return NOTHING;
  if (interests === undefined) return { kind: "unknown", jid, name };
  return wants(jid, interests, before?.interests);
}

export function unwatch(jid: Jid, context: AccountContext): void {
  context.memory.get(WATCHERS).known.delete(jid.text);
}

/** The answer to a question for disco#info; nothing for any other IQ. It may speak for several resources. */
export function answered(stanza: Stanza, context: AccountContext): readonly Watching[] {
  const { asked } = context.memory.get(WATCHERS);
  const question = asked.get(stanza.id ?? "");
  if (question === undefined || stanza.from === undefined || !question.jid.equals(stanza.from)) return [];
  asked.delete(stanza.id!);
  const query = stanza.type === "result" ? stanza.payload("query", NS.DISCO_INFO) : undefined;
  const told = query && learn(question.name, query, context);
  const proved = learntInterests(question.name, context) !== undefined;
  questionAnswered(question.name, proved, context);
  return told === undefined ? [] : heard(question.jid, question.name, told, proved, context);
}

/** Another account has learnt the capabilities behind that hash. */
export function proved(name: CapsName, context: AccountContext): readonly Watching[] {
  const interests = learntInterests(name, context);
  return interests === undefined ? [] : heard(undefined, name, interests, true, context);
}

function heard(
  from: Jid | undefined,
  name: CapsName,
  told: Interests,
  proved: boolean,
  context: AccountContext,
): readonly Watching[] {
  const { known } = context.memory.get(WATCHERS);
  const found: Watching[] = [];
  for (const watcher of known.values()) {
    const isMeant = proved || (from !== undefined && watcher.jid.equals(from));
    if (!isMeant || keyOf(watcher.name) !== keyOf(name)) continue;
    known.set(watcher.jid.text, { ...watcher, interests: told });
    if (context.sharesPresenceWith(watcher.jid)) found.push(wants(watcher.jid, told, watcher.interests));
  }
  return found;
}

/** Own resources only while they are available, others while they may see the presence (XEP-0163 section 4.3.2). */
export function watchersOf(node: string, context: AccountContext): readonly Jid[] {
  const found: Jid[] = [];
  for (const { jid, name, interests } of context.memory.get(WATCHERS).known.values()) {
    // A hash that any account has proved meanwhile also holds for a client that has not answered this account.
    if (!(learntInterests(name, context) ?? interests).has(node)) continue;
    const isOwn = jid.bare.equals(context.owner);
    const isThere = isOwn
      ? context.resources.some((own) => own.available && own.jid.equals(jid))
      : context.sharesPresenceWith(jid);
    if (isThere) found.push(jid);
  }
  return found;
}

/** All interests of the resources of a contact that may see the presence from now on. */
export function watchersFrom(contact: Jid, context: AccountContext): readonly Watching[] {
  const { known } = context.memory.get(WATCHERS);
  return [...known.values()]
    .filter(({ jid }) => jid.bare.equals(contact))
    .map(({ jid, name, interests }) => {
      const isUnknown = interests.size === 0 && learntInterests(name, context) === undefined;
      return isUnknown ? { kind: "unknown", jid, name } : wants(jid, interests, undefined);
    });
}

function wants(jid: Jid, interests: Interests, before: Interests = NO_INTERESTS): Watching {
  const fresh = new Set([...interests].filter((node) => !before.has(node)));
  return fresh.size === 0 ? NOTHING : { kind: "wants", jid, interests: fresh };
}

/** The query for disco#info; `answered` takes its answer. */
export function ask(jid: Jid, name: CapsName, context: AccountContext): Stanza {
  const { asked } = context.memory.get(WATCHERS);
  // Watchers that never answer make room for others.
  if (asked.size >= MAX_ASKED) asked.delete(asked.keys().next().value!);
  const id = context.newId();
  asked.set(id, { jid, name });
  const query = xml`<query xmlns="${NS.DISCO_INFO}" node="${name.node}#${name.ver}"/>`;
  return Stanza.build("iq", { from: context.owner, to: jid, type: "get", id }, query);
}
