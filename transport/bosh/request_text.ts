/** The text of an HTTP request, within bounds: XEP-0124 section 5. @module */
import { pipeline, Readable } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import { BoshError } from "./bosh_body.ts";

const DECODERS = { gzip: createGunzip, deflate: createInflate } as const;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** How much of a request is looked at to find its session, bytes. */
const HEAD_BYTES = 2048;

/** How long the next part of a request may take. */
const IDLE_MS = 30_000;

/** A request whose next part does not come. */
export class SlowRequestError extends Error {
  override readonly name = "SlowRequestError";
}

type Schedule = (ms: number, task: () => void) => () => void;

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
  readonly #schedule: Schedule;
  #head: Uint8Array = new Uint8Array();

  constructor(request: Request, bounds: RequestBounds, schedule: Schedule) {
    this.#request = request;
    this.#bounds = bounds;
    this.#schedule = schedule;
  }

  /** How the text begins, once read() is through; nothing of one that broke off on its way. */
  get head(): string {
    return new TextDecoder().decode(this.#head);
  }

  get #encoding(): string {
    return this.#request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  }

  /**
   * Throws BoshError policy-violation beyond the bound, bad-request where the bytes are no UTF-8 or not what they claim to be;
   * SlowRequestError.
   */
  async read(): Promise<string> {
    const encoding = this.#encoding;
    try {
      const bytes = encoding === "identity" ? await this.#readBytes() : await this.#decode(encoding);
      return utf8.decode(bytes);
    } catch (error) {
      if (error instanceof BoshError || error instanceof SlowRequestError) throw error;
      throw new BoshError("bad-request");
    }
  }

  async #readBytes(): Promise<Uint8Array> {
    const length = this.#request.headers.get("content-length");
    if (length === null || Number(length) > this.#bounds.least)
      return this.#collect(this.#chunks(), Number(length ?? 0));
    const bytes = new Uint8Array(await this.#inTime(this.#request.arrayBuffer()));
    this.#head = bytes.subarray(0, HEAD_BYTES);
    return bytes;
  }

  async *#chunks(): AsyncIterable<Uint8Array> {
    const reader = this.#request.body?.getReader();
    if (reader === undefined) return;
    try {
      for (;;) {
        const { done, value } = await this.#inTime(reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      // Nobody waits for it: what is left of the request is not wanted, and its connection may be gone.
      reader.cancel().catch(() => {});
    }
  }

  #inTime<Value>(reading: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const stop = this.#schedule(IDLE_MS, () =>
        reject(new SlowRequestError("Cannot read request: it does not go on")),
      );
      reading.then(resolve, reject).finally(stop);
    });
  }

  /** What decodes to nothing has a bound, too. */
  async *#encoded(): AsyncIterable<Uint8Array> {
    let size = 0;
    for await (const chunk of this.#chunks()) {
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
