import { conditionMarkup } from "./condition_markup.ts";
import { NS } from "./ns.ts";
import { type Markup, xml } from "./xml/xml.ts";

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
        ${conditionMarkup(this.condition, NS.STREAMS, this.text, this.seeOtherHost)}${this.application}
      </stream:error>`;
  }
}
