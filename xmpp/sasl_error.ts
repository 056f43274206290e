import { NS } from "./ns.ts";
import { type Markup, raw, xml } from "./xml/xml.ts";

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
