/** The text of an HTTP request, within bounds: XEP-0124 section 5. @module */
import { createGunzip, createInflate, type Gunzip, type Inflate } from "node:zlib";
import { BoshError } from "./bosh_body.ts";

const DECODERS = { gzip: createGunzip, deflate: createInflate } as const;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes at the beginning of a request in which its session is searched. */
const HEAD_BYTES = 2048;

/** Bytes that are decoded at a time: small against any bound, since the decoded size is known only afterwards. */
const PART_BYTES = 4096;

/** How long the next part of a request may take. */
const IDLE_MS = 30_000;

/** The next part of a request has not arrived in time. */
export class SlowRequestError extends Error {
  override readonly name = "SlowRequestError";
}

type Schedule = (ms: number, task: () => void) => () => void;

/** Largest request in bytes, as received and decoded. */
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

  /** The beginning of the text, after read(); empty if the request broke off. */
  get head(): string {
    return new TextDecoder().decode(this.#head);
  }

  get #encoding(): string {
    return this.#request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  }

  /**
   * Throws BoshError policy-violation above the bound, bad-request for bytes that are no UTF-8 or not in the declared
   * encoding; SlowRequestError.
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
    const announced = this.#request.headers.get("content-length");
    if (announced !== null && Number(announced) <= this.#bounds.least) {
      const bytes = new Uint8Array(await this.#inTime(this.#request.arrayBuffer()));
      this.#head = bytes.subarray(0, HEAD_BYTES);
      return bytes;
    }
    const found = new BoundedBytes(this.#bounds.least, (first) => this.#boundOf(first));
    for await (const chunk of this.#chunks()) {
      found.add(chunk);
      // When the announced size exceeds the bound, only the first chunk is read.
      found.check(Number(announced ?? 0));
    }
    return found.bytes;
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
      // Not awaited: the rest of the request is not needed, and its connection may be gone.
      reader.cancel().catch(() => {});
    }
  }

  #inTime<Value>(reading: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const stop = this.#schedule(IDLE_MS, () =>
        reject(new SlowRequestError("Cannot read request: its next part is late")),
      );
      reading.then(resolve, reject).finally(stop);
    });
  }

  /** Decoding stops at the bound, and so does reading, also when the bytes decode to nothing. */
  async #decode(encoding: string): Promise<Uint8Array> {
    if (encoding !== "gzip" && encoding !== "deflate") throw new BoshError("bad-request");
    const found = new BoundedBytes(this.#bounds.least, (first) => this.#boundOf(first));
    const decoding = new Decoding(DECODERS[encoding](), found);
    let size = 0;
    try {
      for await (const chunk of this.#chunks()) {
        for (let at = 0; at < chunk.length; at += PART_BYTES) {
          const part = chunk.subarray(at, at + PART_BYTES);
          size += part.length;
          found.check(size);
          await decoding.write(part);
        }
      }
      await decoding.end();
      return found.bytes;
    } finally {
      decoding.stop();
    }
  }

  #boundOf(first: Uint8Array): number {
    this.#head = first.subarray(0, HEAD_BYTES);
    return this.#bounds.of(this.head);
  }
}

/** Received bytes; the first of them decide the bound. */
class BoundedBytes {
  readonly #boundOf: (first: Uint8Array) => number;
  readonly #found: Uint8Array[] = [];
  #size = 0;
  #bound: number;

  /** `least`: the bound before the first bytes are known. */
  constructor(least: number, boundOf: (first: Uint8Array) => number) {
    this.#bound = least;
    this.#boundOf = boundOf;
  }

  /** Throws BoshError policy-violation, and what `boundOf` throws. */
  add(chunk: Uint8Array): void {
    if (this.#size === 0 && chunk.length > 0) this.#bound = this.#boundOf(chunk);
    this.#found.push(chunk);
    this.#size += chunk.length;
    this.check(this.#size);
  }

  /** Throws BoshError policy-violation when that many bytes exceed the bound known so far. */
  check(size: number): void {
    if (size > this.#bound) throw new BoshError("policy-violation");
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#found);
  }
}

/** A decoder that stops where its output is refused. */
class Decoding {
  readonly #decoder: Gunzip | Inflate;
  readonly #failure: Promise<never>;

  constructor(decoder: Gunzip | Inflate, found: BoundedBytes) {
    this.#decoder = decoder;
    this.#failure = new Promise((_, reject) => decoder.once("error", reject));
    // It may come between two writes; the next write then throws it.
    this.#failure.catch(() => {});
    decoder.on("data", (chunk: Uint8Array) => {
      try {
        if (!decoder.destroyed) found.add(chunk);
      } catch (error) {
        decoder.destroy(error as Error);
      }
    });
  }

  write(part: Uint8Array): Promise<void> {
    return this.#unlessFailed((resolve) => this.#decoder.write(part, () => resolve()));
  }

  end(): Promise<void> {
    return this.#unlessFailed((resolve) => this.#decoder.once("end", resolve).end());
  }

  #unlessFailed(work: (resolve: () => void) => void): Promise<void> {
    return Promise.race([this.#failure, new Promise<void>(work)]);
  }

  stop(): void {
    this.#decoder.destroy();
  }
}
