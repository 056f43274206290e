/** Watches an authenticated stream: a silent peer is probed, an unused stream is closed. @module */
import type { Wire } from "./wire.ts";

export interface WatchParts {
  readonly wire: Wire;
  readonly schedule: (ms: number, task: () => void) => () => void;
  readonly probeMs: number;
  /** 0: never. */
  readonly idleMs: number;
  /** Stanzas in both directions so far. */
  readonly stanzas: () => number;
  /** Makes the peer answer, or does nothing where that is not possible. */
  readonly probe: () => void;
}

export class StreamWatch {
  readonly #parts: WatchParts;
  #stop: () => void;
  #bytes = 0;
  #stanzas = 0;
  #idleMs = 0;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#stop = this.#plan();
  }

  stop(): void {
    this.#stop();
  }

  #plan(): () => void {
    return this.#parts.schedule(this.#period, () => this.#look());
  }

  get #period(): number {
    const { probeMs, idleMs } = this.#parts;
    return idleMs === 0 ? probeMs : Math.min(probeMs, idleMs);
  }

  #look(): void {
    const { wire, idleMs, stanzas, probe } = this.#parts;
    const used = stanzas() !== this.#stanzas;
    const silent = wire.bytesRead === this.#bytes;
    this.#stanzas = stanzas();
    this.#bytes = wire.bytesRead;
    this.#idleMs = used ? 0 : this.#idleMs + this.#period;
    if (idleMs > 0 && this.#idleMs >= idleMs) return wire.end();
    if (silent) probe();
    this.#stop = this.#plan();
  }
}
