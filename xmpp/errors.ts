import { NS } from "./ns.ts";
import type { Stanza } from "./stanza.ts";
import { attr, type Markup, raw, xml } from "./xml/xml.ts";

/** RFC 6120 section 8.3.2. */
export type StanzaErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

// RFC 6120 section 8.3.3: the usual type of each; XEP-0086 section 3: its code in the old protocol.
const STANZA_CONDITIONS = {
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

export interface StanzaErrorOptions {
  /** Instead of the type that RFC 6120 names for the condition. */
  readonly type?: StanzaErrorType | undefined;
  readonly text?: string | undefined;
  /** The application-specific condition element: RFC 6120 section 8.3.4. */
  readonly application?: Markup | undefined;
  /** The stanza to be answered, where whoever catches the error cannot know it. */
  readonly stanza?: Stanza | undefined;
}

/** A stanza error, which carries its own wire form: RFC 6120 section 8.3. */
export class StanzaError extends Error {
  override readonly name = "StanzaError";
  readonly condition: StanzaErrorCondition;
  readonly type: StanzaErrorType;
  readonly text: string | undefined;
  readonly application: Markup | undefined;
  readonly stanza: Stanza | undefined;

  constructor(condition: StanzaErrorCondition, options: StanzaErrorOptions = {}) {
    super(options.text === undefined ? condition : `${condition}: ${options.text}`);
    this.condition = condition;
    this.type = options.type ?? STANZA_CONDITIONS[condition][0];
    this.text = options.text;
    this.application = options.application;
    this.stanza = options.stanza;
  }

  /** The code of the old protocol: XEP-0086. */
  get code(): number {
    return STANZA_CONDITIONS[this.condition][1];
  }

  /** `<error/>`, in the namespace of the stanza around it. */
  toMarkup(): Markup {
    return xml`
      <error${attr("code", this.code)}${attr("type", this.type)}>
        ${body(this.condition, NS.STANZAS, this.text)}${this.application}
      </error>`;
  }
}

/** RFC 6120 section 4.9.3. */
export type StreamErrorCondition =
  | "bad-format"
  | "bad-namespace-prefix"
  | "conflict"
  | "connection-timeout"
  | "host-gone"
  | "host-unknown"
  | "improper-addressing"
  | "internal-server-error"
  | "invalid-from"
  | "invalid-namespace"
  | "invalid-xml"
  | "not-authorized"
  | "not-well-formed"
  | "policy-violation"
  | "remote-connection-failed"
  | "reset"
  | "resource-constraint"
  | "restricted-xml"
  | "see-other-host"
  | "system-shutdown"
  | "undefined-condition"
  | "unsupported-encoding"
  | "unsupported-feature"
  | "unsupported-stanza-type"
  | "unsupported-version";

export interface StreamErrorOptions {
  readonly text?: string | undefined;
  /** The application-specific condition element: RFC 6120 section 4.9.4. */
  readonly application?: Markup | undefined;
  /** Host, or host and port, for `see-other-host`. */
  readonly seeOtherHost?: string | undefined;
}

/** A stream error, which ends the stream: RFC 6120 section 4.9. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly condition: StreamErrorCondition;
  readonly text: string | undefined;
  readonly application: Markup | undefined;
  readonly seeOtherHost: string | undefined;

  constructor(condition: StreamErrorCondition, options: StreamErrorOptions = {}) {
    super(options.text === undefined ? condition : `${condition}: ${options.text}`);
    this.condition = condition;
    this.text = options.text;
    this.application = options.application;
    this.seeOtherHost = options.seeOtherHost;
  }

  /** `<stream:error/>` with its own declaration of the prefix, so that it fits TCP and WebSocket streams. */
  toMarkup(): Markup {
    return xml`
      <stream:error xmlns:stream="${NS.STREAM}">
        ${body(this.condition, NS.STREAMS, this.text, this.seeOtherHost)}${this.application}
      </stream:error>`;
  }
}

/** RFC 6120 section 6.5. */
export type SaslErrorCondition =
  | "aborted"
  | "account-disabled"
  | "credentials-expired"
  | "encryption-required"
  | "incorrect-encoding"
  | "invalid-authzid"
  | "invalid-mechanism"
  | "malformed-request"
  | "mechanism-too-weak"
  | "not-authorized"
  | "temporary-auth-failure";

/** A failure of authentication: RFC 6120 section 6.5. */
export class SaslError extends Error {
  override readonly name = "SaslError";
  readonly condition: SaslErrorCondition;
  readonly text: string | undefined;

  constructor(condition: SaslErrorCondition, text?: string) {
    super(text === undefined ? condition : `${condition}: ${text}`);
    this.condition = condition;
    this.text = text;
  }

  toMarkup(): Markup {
    const text = this.text === undefined ? undefined : xml`<text xml:lang="en">${this.text}</text>`;
    return xml`<failure xmlns="${NS.SASL}">${raw(`<${this.condition}/>`)}${text}</failure>`;
  }
}

/** The defined condition and its text, which stand in the same namespace. */
function body(condition: string, ns: string, text: string | undefined, content?: string): Markup {
  const name = raw(condition);
  const inside =
    content === undefined ? xml`<${name} xmlns="${ns}"/>` : xml`<${name} xmlns="${ns}">${content}</${name}>`;
  return text === undefined ? inside : xml`${inside}<text xmlns="${ns}" xml:lang="en">${text}</text>`;
}
