/** The text of an HTTP request, within bounds: XEP-0124 section 5. @module */
import { createGunzip, createInflate, type Gunzip, type Inflate } from "node:zlib";
import { BoshError } from "./bosh_body.ts";

const DECODERS = { gzip: createGunzip, deflate: createInflate } as const;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** How much of a request is looked at to find its session, bytes. */
const HEAD_BYTES = 2048;

/** How much is decoded at a time, bytes: little against any bound, since what it decodes to is seen only afterwards. */
const PART_BYTES = 4096;

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
    const announced = this.#request.headers.get("content-length");
    if (announced !== null && Number(announced) <= this.#bounds.least) {
      const bytes = new Uint8Array(await this.#inTime(this.#request.arrayBuffer()));
      this.#head = bytes.subarray(0, HEAD_BYTES);
      return bytes;
    }
    const found = new BoundedBytes(this.#bounds.least, (first) => this.#boundOf(first));
    for await (const chunk of this.#chunks()) {
      found.add(chunk);
      // Where the announced size is beyond the bound, nothing is read after the first chunk.
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

  /** Nothing is decoded beyond the bound; what decodes to nothing is not even read beyond it. */
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

/** Bytes as they come, of which the first tell how many there may be. */
class BoundedBytes {
  readonly #boundOf: (first: Uint8Array) => number;
  readonly #found: Uint8Array[] = [];
  #size = 0;
  #bound: number;

  /** `least`: the bound until the first bytes have come. */
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

  /** Throws BoshError policy-violation where so many bytes are too many, as far as is known. */
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
    // It may come when nobody waits for it; then whoever writes next gets it.
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
