/** The text of an HTTP request, within bounds: XEP-0124 section 5. @module */
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { BoshError } from "./bosh_body.ts";

const DECODERS = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** How much of a request that is refused is looked at to find its session, bytes. */
const HEAD_BYTES = 2048;

export class RequestText {
  readonly #request: Request;
  readonly #maxBytes: number;
  #head: Uint8Array = new Uint8Array();

  constructor(request: Request, maxBytes: number) {
    this.#request = request;
    this.#maxBytes = maxBytes;
  }

  /** How the text begins, once read() is through: nothing of a compressed one, nor of one that broke off on its way. */
  get head(): string {
    return this.#encoding === "identity" ? new TextDecoder().decode(this.#head) : "";
  }

  get #encoding(): string {
    return this.#request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  }

  /** Throws BoshError policy-violation beyond the bound, bad-request where the bytes are no UTF-8 or not what they claim to be. */
  async read(): Promise<string> {
    const encoding = this.#encoding;
    try {
      const bytes = await this.#readBytes();
      return utf8.decode(encoding === "identity" ? bytes : await decode(bytes, encoding, this.#maxBytes));
    } catch (error) {
      if (error instanceof BoshError) throw error;
      throw new BoshError("bad-request");
    }
  }

  async #readBytes(): Promise<Uint8Array> {
    const length = this.#request.headers.get("content-length");
    if (length === null || Number(length) > this.#maxBytes) return this.#readChunks(Number(length ?? 0));
    const bytes = new Uint8Array(await this.#request.arrayBuffer());
    this.#head = bytes.subarray(0, HEAD_BYTES);
    return bytes;
  }

  /** Stops at the bound; where the announced size is beyond it, after the first chunk. */
  async #readChunks(announced: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of (this.#request.body ?? []) as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.length;
      if (Math.max(size, announced) <= this.#maxBytes) continue;
      this.#head = (chunks[0] as Uint8Array).subarray(0, HEAD_BYTES);
      throw new BoshError("policy-violation");
    }
    const bytes = Buffer.concat(chunks);
    this.#head = bytes.subarray(0, HEAD_BYTES);
    return bytes;
  }
}

async function decode(bytes: Uint8Array, encoding: string, maxBytes: number): Promise<Uint8Array> {
  if (encoding !== "gzip" && encoding !== "deflate") throw new BoshError("bad-request");
  try {
    return await DECODERS[encoding](bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooLarge = error instanceof RangeError || (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new BoshError(tooLarge ? "policy-violation" : "bad-request");
  }
}
