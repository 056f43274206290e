/**
 * The notifications that clients want, learnt from their entity capabilities. XEP-0115 sections 5.4 and 6.2, XEP-0060
 * section 9.2 (`node+notify`). A verified hash is kept for the whole server.
 * @module
 */
import { NS } from "../../xmpp/ns.ts";
import { ownCopy } from "../../xmpp/own_copy.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { Element } from "../../xmpp/xml/element.ts";
import type { MemoryKey, ServerContext } from "../module.ts";
import { capsHash, isAmbiguous, isKnownHash, verificationParts } from "./caps_hash.ts";

/** Names of nodes, without `+notify`. */
export type Interests = ReadonlySet<string>;

export const NO_INTERESTS: Interests = new Set();

/** The `<c/>` of a presence. */
export interface CapsName {
  readonly node: string;
  readonly ver: string;
  /** "" in the legacy format of section 10, which cannot be verified. */
  readonly hash: string;
}

const MAX_LEARNT = 5000;
const MAX_INTERESTS = 200;
/**
 * Longest name of a node, of all names of one client, and of a whole `<c/>`, in UTF-16 units. Longer ones are not kept.
 */
const MAX_INTEREST = 255;
const MAX_INTERESTS_LENGTH = 10_000;
const MAX_CAPS = 1024;
const SUFFIX = "+notify";

const LEARNT: MemoryKey<Map<string, Interests>> = { name: "learnt capabilities", make: () => new Map() };
const NAMES: MemoryKey<Map<string, CapsName>> = { name: "read capabilities", make: () => new Map() };

/** Reads the `<c/>` of a presence; the same text is parsed only once. One that is too long counts as absent. */
export function readCaps(presence: Stanza, context: ServerContext): CapsName | undefined {
  const text = presence.payloadText("c", NS.CAPS);
  if (text === undefined || text.length > MAX_CAPS) return undefined;
  const names = context.serverMemory.get(NAMES);
  const known = names.get(text);
  if (known !== undefined) return known;
  const kept = ownCopy(text);
  const c = Element.parse(kept, NS.CLIENT);
  const name = { node: c.attr("node") ?? "", ver: c.attr("ver") ?? "", hash: c.attr("hash") ?? "" };
  remember(names, kept, name);
  return name;
}

export function keyOf(name: CapsName): string {
  return `${name.hash} ${name.node} ${name.ver}`;
}

/** Undefined when not known yet. */
export function learntInterests(name: CapsName, context: ServerContext): Interests | undefined {
  return context.serverMemory.get(LEARNT).get(keyOf(name));
}

/** Takes the disco#info that answers the query for that name; keeps it if the hash proves it. */
export function learn(name: CapsName, query: Element, context: ServerContext): Interests {
  const interests = interestsOf(query);
  const proved = isKnownHash(name.hash) && !isAmbiguous(query) && capsHash(query, name.hash) === name.ver;
  if (proved) remember(context.serverMemory.get(LEARNT), keyOf(name), interests);
  return interests;
}

/** Reads all parts, not only features: the same hash results when a feature is written as an identity or a form. */
function interestsOf(query: Element): Interests {
  const interests = new Set<string>();
  let length = 0;
  for (const name of verificationParts(query)) {
    if (!name.endsWith(SUFFIX) || name.length > MAX_INTEREST || interests.size >= MAX_INTERESTS) continue;
    length += name.length;
    if (length > MAX_INTERESTS_LENGTH) break;
    interests.add(ownCopy(name.slice(0, -SUFFIX.length)));
  }
  return interests.size === 0 ? NO_INTERESTS : interests;
}

/** When there are too many, the oldest is dropped: anybody can invent names. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= MAX_LEARNT) map.delete(map.keys().next().value!);
  map.set(key, value);
}
