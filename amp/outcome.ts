/** What became of a message, as the API tells it: it ends in exactly one of these ways. @module */
import type { StanzaErrorCondition } from "../xmpp/errors.ts";
import type { Rule } from "./rule.ts";

export type Outcome =
  /** A device of the recipient proved that it received it. */
  | { readonly kind: "direct"; readonly resource: string }
  /** It lies in durable storage for a later delivery. */
  | { readonly kind: "stored" }
  | { readonly kind: "forwarded" }
  /** A gateway took it. */
  | { readonly kind: "gateway" }
  /** A rule of the sender's took it out; without a rule, the server ignored it as RFC 6121 8.5 demands. */
  | { readonly kind: "dropped"; readonly rule?: Rule }
  /** Its time was over before anybody got it. */
  | { readonly kind: "expired"; readonly rule: Rule }
  /** Nothing would deliver it; the sender got this error. */
  | { readonly kind: "none"; readonly condition: StanzaErrorCondition };
