/**
 * SASL SCRAM Downgrade Protection: a hash of the server's offer goes into SCRAM's challenge, so that the client's proof
 * covers it, and a manipulated offer is detected. XEP-0474 section 5.1.
 * @module
 */
import { type ScramHash, scramHash } from "../../xmpp/scram_keys.ts";
import type { ChannelBindings, SaslMechanism } from "./sasl_mechanism.ts";

/** No XML has these characters in it. */
const BETWEEN = "\x1e";
const BEFORE_BINDINGS = "\x1f";

/** The text of the offer in the profile that the client uses, with the types of channel binding. */
export function offerText(mechanisms: readonly SaslMechanism[], bindings: ChannelBindings | undefined): string {
  const names = sorted(mechanisms.map(({ name }) => name));
  return bindings === undefined || bindings.size === 0 ? names : names + BEFORE_BINDINGS + sorted([...bindings.keys()]);
}

/** The value of the attribute `h`. */
export function offerHash(hash: ScramHash, offer: string): string {
  return scramHash(hash, offer).toString("base64");
}

/** The names are ASCII, so the order of UTF-16 units equals i;octet. */
function sorted(names: readonly string[]): string {
  return names.toSorted().join(BETWEEN);
}
