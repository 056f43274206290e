/** A log that keeps what went wrong: an error of the server's fails the scenario in which it happens. @module */
import type { Log } from "../../xmpp/log.ts";

const WAIT_MS = 4000;
const POLL_MS = 10;

export class TestLog implements Log {
  readonly errors: string[] = [];
  readonly #infos: string[] = [];

  debug(): void {}

  info(what: string, record?: Record<string, unknown>): void {
    this.#infos.push(line(what, record));
  }

  warn(what: string, record?: Record<string, unknown>): void {
    this.#infos.push(line(what, record));
  }

  error(what: string, record?: Record<string, unknown>): void {
    this.errors.push(line(what, record));
  }

  /** Waits for this record about that one. Throws where it does not come. */
  async tells(what: string, about: string): Promise<void> {
    for (let waited = 0; waited < WAIT_MS; waited += POLL_MS) {
      if (this.#infos.some((info) => info.startsWith(what) && info.includes(about))) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`The server does not tell "${what}" of ${about}`);
  }
}

function line(what: string, record: Record<string, unknown> = {}): string {
  const facts = Object.entries(record).map(([key, value]) => `${key}=${value instanceof Error ? value.stack : value}`);
  return [what, ...facts].join(" ");
}
