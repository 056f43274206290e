/** The text of an HTTP request, within bounds: XEP-0124 section 5. @module */
import { pipeline, Readable } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import { BoshError } from "./bosh_body.ts";

const DECODERS = { gzip: createGunzip, deflate: createInflate } as const;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** How much of a request is looked at to find its session, bytes. */
const HEAD_BYTES = 2048;

/** How large a request may be, as it came and decoded. Bytes. */
export interface RequestBounds {
  /** Whoever sends it. */
  readonly least: number;
  readonly most: number;
  /** One that begins so. */
  of(head: string): number;
}

export class RequestText {
  readonly #request: Request;
  readonly #bounds: RequestBounds;
  #head: Uint8Array = new Uint8Array();

  constructor(request: Request, bounds: RequestBounds) {
    this.#request = request;
    this.#bounds = bounds;
  }

  /** How the text begins, once read() is through; nothing of one that broke off on its way. */
  get head(): string {
    return new TextDecoder().decode(this.#head);
  }

  get #encoding(): string {
    return this.#request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  }

  /** Throws BoshError policy-violation beyond the bound, bad-request where the bytes are no UTF-8 or not what they claim to be. */
  async read(): Promise<string> {
    const encoding = this.#encoding;
    try {
      const bytes = encoding === "identity" ? await this.#readBytes() : await this.#decode(encoding);
      return utf8.decode(bytes);
    } catch (error) {
      if (error instanceof BoshError) throw error;
      throw new BoshError("bad-request");
    }
  }

  async #readBytes(): Promise<Uint8Array> {
    const length = this.#request.headers.get("content-length");
    if (length === null || Number(length) > this.#bounds.least) return this.#collect(this.#body, Number(length ?? 0));
    const bytes = new Uint8Array(await this.#request.arrayBuffer());
    this.#head = bytes.subarray(0, HEAD_BYTES);
    return bytes;
  }

  get #body(): AsyncIterable<Uint8Array> {
    return (this.#request.body ?? []) as AsyncIterable<Uint8Array>;
  }

  /** What decodes to nothing has a bound, too. */
  async *#encoded(): AsyncIterable<Uint8Array> {
    let size = 0;
    for await (const chunk of this.#body) {
      size += chunk.length;
      if (size > this.#bounds.most) throw new BoshError("policy-violation");
      yield chunk;
    }
  }

  /** Whatever is still to be decoded when the bound is reached is not. */
  async #decode(encoding: string): Promise<Uint8Array> {
    if (encoding !== "gzip" && encoding !== "deflate") throw new BoshError("bad-request");
    const decoder = DECODERS[encoding]();
    // An error of any of them is thrown by the last, which is read here.
    pipeline(Readable.from(this.#encoded()), decoder, () => {});
    return await this.#collect(decoder as AsyncIterable<Uint8Array>, 0);
  }

  #collect(chunks: AsyncIterable<Uint8Array>, announced: number): Promise<Uint8Array> {
    return collect(chunks, announced, (first) => {
      this.#head = first.subarray(0, HEAD_BYTES);
      return this.#bounds.of(this.head);
    });
  }
}

/**
 * Stops at the bound; where the announced size is beyond it, after the first chunk. Throws BoshError policy-violation.
 * @param boundOf the bound, from the first chunk
 */
async function collect(
  chunks: AsyncIterable<Uint8Array>,
  announced: number,
  boundOf: (first: Uint8Array) => number,
): Promise<Uint8Array> {
  const found: Uint8Array[] = [];
  let size = 0;
  let bound = 0;
  for await (const chunk of chunks) {
    if (size === 0) bound = boundOf(chunk);
    found.push(chunk);
    size += chunk.length;
    if (Math.max(size, announced) > bound) throw new BoshError("policy-violation");
  }
  return Buffer.concat(found);
}
