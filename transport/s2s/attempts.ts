import { LinkError } from "../../destinations/federation/links.ts";

/** Bounds the attempts to reach servers: so many at once, so many that wait. */
export class Attempts {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  get running(): number {
    return this.#running;
  }

  /** Waits for a turn. Rejects with LinkError when too many wait, and as the attempt does. */
  async run<Result>(attempt: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#atOnce) await this.#turn();
    else this.#running++;
    try {
      return await attempt();
    } finally {
      const next = this.#waiting.shift();
      // The place passes to the next one.
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting) {
      throw new LinkError("unreachable", "Cannot connect: too many other servers are being looked for");
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
