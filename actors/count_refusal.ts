/** Counts the errors that the server answers with, by condition. RFC 6120 section 8.3. @module */
import { NS } from "../xmpp/ns.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import { STANZA_CONDITIONS, type StanzaErrorCondition } from "../xmpp/stanza_condition.ts";
import type { Meters } from "./meters.ts";

/** As condition_markup.ts writes it; what a client wrote stands there with its marks escaped. */
const CONDITION = new RegExp(`<([a-z-]+) xmlns="${NS.STANZAS}"`);

/** `reply`: written by this server. Anything but an error counts as nothing. */
export function countRefusal({ refusals }: Meters, reply: Stanza): void {
  if (reply.type !== "error") return;
  const condition = CONDITION.exec(reply.inner)?.[1];
  if (condition !== undefined && condition in STANZA_CONDITIONS) refusals[condition as StanzaErrorCondition]++;
}
