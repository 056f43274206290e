/** How much one domain may send over all its streams; beyond it they are not read for a while. @module */
import type { S2sSettings } from "./s2s_settings.ts";

interface Bucket {
  stanzas: number;
  bytes: number;
  at: number;
}

type Limits = Pick<S2sSettings, "stanzasPerSecond" | "stanzaBurst" | "bytesPerSecond" | "byteBurst">;

/** Above this number those that are full again are forgotten. */
const MANY = 1000;

export class DomainBudget {
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: Limits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Takes one stanza of that size; returns for how many milliseconds the domain must not be read. */
  charge(domain: string, units: number): number {
    const { stanzasPerSecond, bytesPerSecond } = this.#limits;
    const bucket = this.#filled(domain);
    bucket.stanzas--;
    bucket.bytes -= units;
    return Math.ceil(Math.max(debtMs(bucket.stanzas, stanzasPerSecond), debtMs(bucket.bytes, bytesPerSecond)));
  }

  #filled(domain: string): Bucket {
    const { stanzasPerSecond, stanzaBurst, bytesPerSecond, byteBurst } = this.#limits;
    const now = this.#now();
    const known = this.#buckets.get(domain);
    const passed = known === undefined ? 0 : Math.max(0, now - known.at) / 1000;
    const bucket = {
      stanzas: Math.min(stanzaBurst, (known?.stanzas ?? stanzaBurst) + passed * stanzasPerSecond),
      bytes: Math.min(byteBurst, (known?.bytes ?? byteBurst) + passed * bytesPerSecond),
      at: now,
    };
    if (known === undefined && this.#buckets.size >= MANY) this.#forget(now);
    this.#buckets.set(domain, bucket);
    return bucket;
  }

  /** Those that have been silent until full. */
  #forget(now: number): void {
    const { stanzasPerSecond, stanzaBurst, bytesPerSecond, byteBurst } = this.#limits;
    const fullMs = 1000 * Math.max(stanzaBurst / (stanzasPerSecond || 1), byteBurst / (bytesPerSecond || 1));
    for (const [domain, { at }] of this.#buckets) if (now - at > fullMs) this.#buckets.delete(domain);
  }
}

function debtMs(left: number, perSecond: number): number {
  return left >= 0 || perSecond === 0 ? 0 : (-left / perSecond) * 1000;
}
