/** The outcome of a message in the API. Each message has exactly one. @module */
import type { StanzaErrorCondition } from "../xmpp/errors.ts";
import type { Rule } from "./rule.ts";

export type Outcome =
  /** A device of the recipient proved that it received it. */
  | { readonly kind: "direct"; readonly resource: string }
  /** It is in durable storage for a later delivery. */
  | { readonly kind: "stored" }
  | { readonly kind: "forwarded" }
  /** A gateway took it. */
  | { readonly kind: "gateway" }
  /** A rule of the sender dropped it, or the server ignored it as RFC 6121 8.5 demands. */
  | { readonly kind: "dropped"; readonly rule?: Rule }
  /** It expired before delivery. */
  | { readonly kind: "expired"; readonly rule: Rule }
  /** It could not be delivered; the sender got this error. */
  | { readonly kind: "none"; readonly condition: StanzaErrorCondition };
