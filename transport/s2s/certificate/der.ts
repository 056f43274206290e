/** Reads DER (X.690), as far as certificates need it. @module */

/** One element: its tag, and where its content lies. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** Bytes that are no DER. */
export class DerError extends Error {
  override readonly name = "DerError";
}

export const TAG = {
  boolean: 0x01,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  ia5String: 0x16,
  sequence: 0x30,
} as const;

/** The elements that follow one another. Throws DerError. */
export function readDer(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { element, end } = readOne(bytes, at);
    elements.push(element);
    at = end;
  }
  return elements;
}

/** The elements within one element that must have this tag. Throws DerError. */
export function readWithin(element: DerElement | undefined, tag: number): DerElement[] {
  if (element?.tag !== tag) throw new DerError(`Cannot read DER: expected tag ${tag}, found ${element?.tag}`);
  return readDer(element.content);
}

function readOne(bytes: Uint8Array, at: number): { readonly element: DerElement; readonly end: number } {
  const tag = bytes[at]!;
  const first = bytes[at + 1];
  // Certificates have no tag numbers above 30 and no indefinite lengths.
  if (first === undefined || (tag & 0x1f) === 0x1f || first === 0x80) throw new DerError("Cannot read DER: bad header");
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4) throw new DerError("Cannot read DER: the length is too large");
  const start = at + 2 + lengthBytes;
  let length = lengthBytes === 0 ? first : 0;
  for (const byte of bytes.subarray(at + 2, start)) length = length * 256 + byte;
  const end = start + length;
  if (end > bytes.length) throw new DerError("Cannot read DER: it ends within an element");
  return { element: { tag, content: bytes.subarray(start, end) }, end };
}

/** In dotted form. */
export function readObjectIdentifier({ tag, content }: DerElement): string {
  if (tag !== TAG.objectIdentifier) throw new DerError("Cannot read DER: expected an object identifier");
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    const top = Math.min(2, Math.floor(arc / 40));
    if (arcs.length === 0) arcs.push(top, arc - 40 * top);
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join(".");
}
