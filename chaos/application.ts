/**
 * An application beside the clients, over HTTP: it follows every step of every message, and sends messages under keys, each again and
 * again. Its follower is cut at any place and goes on behind the last step that it has kept.
 * @module
 */
import type { Random } from "./random.ts";
import { readEvents } from "./read_events.ts";

/** A step, as the follower has seen it. */
export interface SeenStep {
  readonly message: string;
  readonly kind: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface ApplicationRecords {
  /** With repetitions. */
  readonly seen: readonly SeenStep[];
  /** By key: the ids that the server has answered with. */
  readonly keyed: ReadonlyMap<string, ReadonlySet<string>>;
  /** How often the follower has begun. */
  readonly follows: number;
}

export interface ApplicationStart {
  readonly url: string;
  readonly token: string;
  /** Whom the keyed messages are for: nobody reads there. */
  readonly to: string;
  readonly random: Random;
}

const ANSWER_MS = 4000;
const MAX_KEYS = 400;
/** After this time without a step everything was seen. */
const QUIET_MS = 1500;

export class Application {
  readonly #start: ApplicationStart;
  readonly #seen: SeenStep[] = [];
  readonly #keyed = new Map<string, Set<string>>();
  readonly #ending = new AbortController();
  #follows = 0;
  #lastAt = 0;
  #following: Promise<void> = Promise.resolve();

  constructor(start: ApplicationStart) {
    this.#start = start;
  }

  get records(): ApplicationRecords {
    return { seen: this.#seen, keyed: this.#keyed, follows: this.#follows };
  }

  /** Until `isOver`. The follower goes on until settle(). */
  async live(isOver: () => boolean): Promise<void> {
    this.#following = this.#follow();
    const { random } = this.#start;
    while (!isOver()) {
      const known = [...this.#keyed.keys()];
      const isNew = known.length < MAX_KEYS && (known.length === 0 || random.chance(0.5));
      const key = isNew ? `k${known.length + 1}` : random.pick(known.slice(-20));
      // Some at the same time: two requests with one key, too.
      await Promise.all(Array.from({ length: random.between(1, 2) }, () => this.#send(key)));
      await sleep(random.between(30, 200));
    }
  }

  /** Every key is answered for, and every step is seen. */
  async settle(): Promise<void> {
    for (const key of this.#keyed.keys()) while (!(await this.#send(key))) await sleep(100);
    this.#lastAt = Date.now();
    while (Date.now() - this.#lastAt < QUIET_MS) await sleep(50);
    this.#ending.abort();
    await this.#following;
  }

  /** False: no answer, which tells nothing of what became of it. */
  async #send(key: string): Promise<boolean> {
    const ids = this.#keyed.get(key) ?? new Set<string>();
    this.#keyed.set(key, ids);
    try {
      const answer = await this.#ask("messages", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify({ to: this.#start.to, body: key }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (!answer.ok) return false;
      const { id, accepted } = (await answer.json()) as { readonly id: string; readonly accepted?: boolean };
      if (accepted === false) return false;
      ids.add(id);
      return true;
    } catch {
      return false;
    }
  }

  async #follow(): Promise<void> {
    const { random } = this.#start;
    const { signal } = this.#ending;
    let last: string | undefined;
    while (!signal.aborted) {
      this.#follows++;
      const cutting = new AbortController();
      try {
        const headers = last === undefined ? {} : { "last-event-id": last };
        const answer = await this.#ask("outcomes/stream", {
          headers,
          signal: AbortSignal.any([signal, cutting.signal]),
        });
        if (!answer.ok || answer.body === null) throw new Error(`Cannot follow: ${answer.status}`);
        for await (const { id, data } of readEvents(answer.body)) {
          const { message, kind, at } = JSON.parse(data) as { message: string; kind: string; at: string };
          this.#seen.push({ message, kind, at: Date.parse(at) });
          this.#lastAt = Date.now();
          // It is killed before it has kept the place, or behind it.
          if (random.chance(0.01)) break;
          last = id;
          if (random.chance(0.01)) break;
        }
      } catch {
        // The server was killed.
      }
      cutting.abort();
      if (!signal.aborted) await sleep(random.between(10, 200));
    }
  }

  #ask(path: string, { headers, ...init }: RequestInit): Promise<Response> {
    const { url, token } = this.#start;
    return fetch(`${url}/${path}`, { ...init, headers: { ...(headers as object), authorization: `Bearer ${token}` } });
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
