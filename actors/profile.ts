/** Questions to a Profile, the value that tells delivery and sessions about an account. @module */
import type { Jid } from "../xmpp/jid.ts";
import type { Profile } from "./protocol.ts";

const NOBODY: ReadonlySet<string> = new Set();

/** Before the account has been read. */
export const UNKNOWN_PROFILE: Profile = {
  exists: false,
  persistent: false,
  resources: [],
  blocked: NOBODY,
  watchers: NOBODY,
  watched: NOBODY,
  forwardTo: undefined,
  archivePreferences: undefined,
  contacts: NOBODY,
};

/** Whether the account's archive wants messages exchanged with that bare JID (XEP-0313 section 6). */
export function archives(profile: Profile, peer: Jid): boolean {
  const preferences = profile.archivePreferences;
  if (preferences === undefined) return true;
  if (preferences.always.includes(peer.text)) return true;
  if (preferences.never.includes(peer.text)) return false;
  if (preferences.default === "roster") return profile.contacts.has(peer.text);
  return preferences.default === "always";
}
