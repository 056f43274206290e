/** The stream error condition that a reader of bad XML must close with: RFC 6120 section 4.9.3. */
export type XmlErrorCondition =
  | "not-well-formed"
  | "restricted-xml"
  | "bad-namespace-prefix"
  | "policy-violation"
  | "unsupported-encoding";

/** XML that the scanner refuses. */
export class XmlError extends Error {
  override readonly name = "XmlError";
  readonly condition: XmlErrorCondition;

  constructor(condition: XmlErrorCondition, message: string) {
    super(`Cannot read XML: ${message}`);
    this.condition = condition;
  }
}
