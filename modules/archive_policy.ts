/**
 * Which messages are archived and which are stored offline. Every message passes here, so both functions read only the
 * names of its children. A rule of XEP-0079 precedes any hint (XEP-0334 section 4).
 * @module
 */
import type { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { MessageAccount } from "./message_phases.ts";

const MUC_INVITATION = "jabber:x:conference";

/** Whether the archives of both sides keep it: XEP-0313 section 5.1.1, XEP-0334. */
export function archivable(stanza: Stanza): boolean {
  if (!isConversation(stanza)) return false;
  let wanted = false;
  for (const { name, ns } of stanza.children) {
    if (ns === NS.CLIENT) wanted ||= name === "body";
    else if (ns === NS.HINTS) {
      if (name === "no-store" || name === "no-permanent-store") return false;
      wanted ||= name === "store";
    } else wanted ||= isPartOfConversation(name, ns);
  }
  return wanted && !isAmpEvent(stanza);
}

/** Whether the archive of that account keeps a message that it exchanges with `peer`, a bare JID. XEP-0313 section 6, XEP-0441. */
export function archives(account: MessageAccount, stanza: Stanza, peer: Jid): boolean {
  const { archivePreferences: preferences, contacts, persistent, settings } = account;
  if (!settings.archive || !persistent || !archivable(stanza)) return false;
  if (preferences === undefined || preferences.always.includes(peer.text)) return true;
  if (preferences.never.includes(peer.text)) return false;
  return preferences.default === "roster" ? contacts.has(peer.text) : preferences.default === "always";
}

/** Whether it is stored for a recipient who is offline: XEP-0160 section 3, XEP-0334. */
export function storable(stanza: Stanza): boolean {
  // XEP-0160 section 3: AMP replies may be stored, other errors are not.
  if (!isConversation(stanza)) return stanza.type === "error" && isAmpEvent(stanza);
  let onlyChatState = stanza.type === "chat";
  for (const { name, ns } of stanza.children) {
    if (ns === NS.HINTS) {
      if (name === "no-store") return false;
      if (name === "store") onlyChatState = false;
    } else if (ns !== NS.CHATSTATES && !(ns === NS.CLIENT && name === "thread")) onlyChatState = false;
  }
  return !onlyChatState;
}

/**
 * A notification or an alert of XEP-0079 sections 2.2.5 and 3.4, or the error of its 3.4.3. Only servers send them; a
 * client's own `status` on `<amp/>` is ignored.
 */
export function isAmpEvent(stanza: Stanza): boolean {
  if (!stanza.has("amp", NS.AMP) || stanza.from === undefined || stanza.from.local !== "") return false;
  return stanza.from.resource === "" && stanza.payload("amp", NS.AMP)?.attr("status") !== undefined;
}

function isConversation(stanza: Stanza): boolean {
  if (stanza.name !== "message") return false;
  return stanza.type !== "error" && stanza.type !== "headline" && stanza.type !== "groupchat";
}

/** Payloads without a body that a client needs to show a conversation again. */
function isPartOfConversation(name: string, ns: string): boolean {
  switch (ns) {
    case NS.RECEIPTS:
      return name === "received";
    case NS.MARKERS:
      return name !== "markable";
    case NS.REACTIONS:
    case NS.RETRACT:
    case MUC_INVITATION:
      return true;
    default:
      return false;
  }
}
