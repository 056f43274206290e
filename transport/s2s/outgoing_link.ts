/** What goes from one domain here to one domain elsewhere: its stream, and what waits for one. @module */
import { LinkError } from "../../destinations/federation/links.ts";
import type { S2sSettings } from "./s2s_settings.ts";
import type { Parcel, StanzaSender } from "./stanza_sender.ts";

export interface LinkStream {
  readonly sender: StanzaSender;
  /** False once it has begun to end. */
  readonly isOpen: boolean;
  close(): void;
}

export interface OutgoingLinkParts {
  readonly settings: Pick<S2sSettings, "waitingStanzas" | "waitingUnits">;
  readonly now: () => number;
  /** Tries to make a stream; calls `joined` with it, or rejects with LinkError. */
  readonly dial: (link: OutgoingLink) => Promise<void>;
}

/** After a failure nothing is tried for this time: who sends many stanzas does not cause as many attempts. */
const PAUSE_MS = 500;

export class OutgoingLink {
  readonly #parts: OutgoingLinkParts;
  #waiting: Parcel[] = [];
  /** Stanzas, and UTF-16 units of them, that are neither proved nor given up. */
  #stanzas = 0;
  #units = 0;
  #stream: LinkStream | undefined;
  #isDialing = false;
  #pausedUntil = 0;
  lastError: LinkError | undefined;

  constructor(parts: OutgoingLinkParts) {
    this.#parts = parts;
  }

  /** Undefined also while the one that there was ends. */
  get stream(): LinkStream | undefined {
    return this.#stream?.isOpen === true ? this.#stream : undefined;
  }

  get isDialing(): boolean {
    return this.#isDialing;
  }

  /** Nothing would be lost if this object were forgotten. */
  get isIdle(): boolean {
    return (
      this.#stream === undefined && !this.#isDialing && this.#stanzas === 0 && this.#pausedUntil <= this.#parts.now()
    );
  }

  get waiting(): number {
    return this.#stanzas;
  }

  send(text: string, proof: boolean, signal: AbortSignal | undefined): Promise<void> {
    const { settings, now } = this.#parts;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.stream === undefined && this.lastError !== undefined && this.#pausedUntil > now()) {
      return Promise.reject(this.lastError);
    }
    if (this.#stanzas >= settings.waitingStanzas || this.#units + text.length > settings.waitingUnits) {
      return Promise.reject(new LinkError("unreachable", "Cannot send: too much waits for that domain"));
    }
    return new Promise((resolve, reject) =>
      this.#take(new Waiting(text, proof, signal, resolve, reject, this.#settled)),
    );
  }

  /** A stream is ready. One that is there already stays. */
  joined(stream: LinkStream): void {
    if (this.stream !== undefined) return;
    this.#stream = stream;
    this.lastError = undefined;
    for (const parcel of this.#waiting.splice(0)) stream.sender.send(parcel);
  }

  /** That stream is over; what it has not proved has been told. */
  left(stream: LinkStream, reason: string): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.lastError = new LinkError("unreachable", reason);
  }

  /** Nothing more is sent. */
  close(): void {
    this.#stream?.close();
    this.#failWaiting(new LinkError("unreachable", "Cannot send: this server stops"));
  }

  #take(parcel: Waiting): void {
    this.#stanzas++;
    this.#units += parcel.text.length;
    const { stream } = this;
    if (stream !== undefined) return stream.sender.send(parcel);
    this.#waiting.push(parcel);
    if (!this.#isDialing) void this.#dial();
  }

  async #dial(): Promise<void> {
    this.#isDialing = true;
    try {
      await this.#parts.dial(this);
    } catch (error) {
      this.#onFailure(error instanceof LinkError ? error : new LinkError("unreachable", String(error)));
    } finally {
      this.#isDialing = false;
    }
    // The stream may have ended while the attempt was about to tell of it.
    if (this.stream === undefined && this.#waiting.length > 0) void this.#dial();
  }

  #onFailure(error: LinkError): void {
    // Meanwhile the other server may have made a stream for both directions.
    if (this.stream !== undefined) return;
    this.lastError = error;
    this.#pausedUntil = this.#parts.now() + PAUSE_MS;
    this.#failWaiting(error);
  }

  #failWaiting(error: LinkError): void {
    for (const parcel of this.#waiting.splice(0)) parcel.failed(error);
  }

  readonly #settled = (parcel: Waiting): void => {
    this.#stanzas--;
    this.#units -= parcel.text.length;
    const at = this.#waiting.indexOf(parcel);
    if (at >= 0) this.#waiting.splice(at, 1);
  };
}

/** Ends once: done, failed, or abandoned by its caller. */
class Waiting implements Parcel {
  readonly text: string;
  readonly proof: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;
  readonly #settled: (parcel: Waiting) => void;
  #isOver = false;

  constructor(
    text: string,
    proof: boolean,
    signal: AbortSignal | undefined,
    resolve: () => void,
    reject: (reason: unknown) => void,
    settled: (parcel: Waiting) => void,
  ) {
    this.text = text;
    this.proof = proof;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#settled = settled;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  isAbandoned(): boolean {
    return this.#isOver;
  }

  done(): void {
    this.#end(this.#resolve);
  }

  failed(error: LinkError): void {
    this.#end(() => this.#reject(error));
  }

  readonly #onAbort = (): void => this.#end(() => this.#reject(this.#signal!.reason));

  #end(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#settled(this);
    tell();
  }
}
