import { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";

/**
 * Whether a block list (canonical JIDs) holds that JID: as it is, as its bare JID, with its domain and resource, or
 * with its domain (XEP-0191 takes these rules from XEP-0016 section 2.1).
 */
export function isBlocked(blocked: ReadonlySet<string>, jid: Jid): boolean {
  if (blocked.size === 0) return false;
  if (blocked.has(jid.text) || blocked.has(jid.domain)) return true;
  if (jid.resource === "") return false;
  return blocked.has(jid.bare.text) || (jid.local !== "" && blocked.has(`${jid.domain}/${jid.resource}`));
}

/** The same for an account, whose own resources are never blocked for each other (section 5, note 4). */
export function hasBlocked(account: { readonly owner: Jid; readonly blocked: ReadonlySet<string> }, jid: Jid): boolean {
  const { owner, blocked } = account;
  return blocked.size > 0 && isBlocked(blocked, jid) && !jid.bare.equals(owner);
}

/** XEP-0191 section 3.3, to a stanza for somebody whom its sender has blocked. */
export function blockedError(): StanzaError {
  const application = xml`<blocked xmlns="${NS.BLOCKING_ERRORS}"/>`;
  return new StanzaError("not-acceptable", { type: "cancel", application });
}

/** Reads the JIDs of `<item jid=/>` elements; undefined when one of them is not a JID. */
export function readJids(texts: readonly (string | undefined)[]): readonly Jid[] | undefined {
  const jids = texts.map((text) => (text === undefined ? undefined : Jid.tryParse(text)));
  return jids.every((jid) => jid !== undefined) ? jids : undefined;
}
