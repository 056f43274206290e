/** An element of a received message, whatever library parsed it. */
export interface ReplyElement {
  readonly name: string;
  /** "" where there is none. */
  readonly ns: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  /** The child elements. */
  readonly children: readonly ReplyElement[];
  /** The text directly within. */
  readonly text: string;
}
