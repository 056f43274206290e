/** RFC 6120 section 8.3.2. */
export type StanzaErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

/** The usual type of every condition, RFC 6120 section 8.3.3, and its code in the old protocol, XEP-0086 section 3. */
export const STANZA_CONDITIONS = {
  "bad-request": ["modify", 400],
  conflict: ["cancel", 409],
  "feature-not-implemented": ["cancel", 501],
  forbidden: ["auth", 403],
  gone: ["cancel", 302],
  "internal-server-error": ["cancel", 500],
  "item-not-found": ["cancel", 404],
  "jid-malformed": ["modify", 400],
  "not-acceptable": ["modify", 406],
  "not-allowed": ["cancel", 405],
  "not-authorized": ["auth", 401],
  "policy-violation": ["modify", 406],
  "recipient-unavailable": ["wait", 404],
  redirect: ["modify", 302],
  "registration-required": ["auth", 407],
  "remote-server-not-found": ["cancel", 404],
  "remote-server-timeout": ["wait", 504],
  "resource-constraint": ["wait", 500],
  "service-unavailable": ["cancel", 503],
  "subscription-required": ["auth", 407],
  "undefined-condition": ["cancel", 500],
  "unexpected-request": ["wait", 400],
} as const satisfies Record<string, readonly [StanzaErrorType, number]>;

/** RFC 6120 section 8.3.3. */
export type StanzaErrorCondition = keyof typeof STANZA_CONDITIONS;
