/** A WebSocket as Bun's server has it, with a client in this process at its other end. @module */

/** What has been sent since somebody looked: texts, one a frame, and the last ping frame's payload. */
export interface Arrived {
  readonly texts: readonly string[];
  readonly ping: string | undefined;
}

export class MemorySocket {
  /** Where Bun keeps what belongs to the connection. */
  readonly data: unknown;
  #texts: string[] = [];
  #ping: string | undefined;

  constructor(data: unknown) {
    this.data = data;
  }

  take(): Arrived {
    const arrived = { texts: this.#texts, ping: this.#ping };
    this.#texts = [];
    this.#ping = undefined;
    return arrived;
  }

  // What transport/bun_runtime.ts uses of a ServerWebSocket

  send(text: string): number {
    this.#texts.push(text);
    return text.length;
  }

  ping(payload: string): number {
    this.#ping = payload;
    return payload.length;
  }

  cork(write: () => void): void {
    write();
  }

  getBufferedAmount(): number {
    return 0;
  }

  close(): void {}
}

/**
 * The same in another shape. Where the compiler has seen two, it makes code for any socket; code for one alone would be
 * thrown away at the first frame to a socket of Bun's.
 */
export class OtherMemorySocket extends MemorySocket {
  override send(text: string): number {
    return super.send(text);
  }

  override ping(payload: string): number {
    return super.ping(payload);
  }

  override cork(write: () => void): void {
    write();
  }

  override getBufferedAmount(): number {
    return 0;
  }

  override close(): void {}
}
