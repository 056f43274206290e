/**
 * One turn of the event loop: input of all clients is handled together, and the output for each client leaves in one
 * write, since a write costs far more than its text.
 * @module
 */
import type { SessionService } from "../actors/session_service.ts";
import type { ScannedElement } from "../xmpp/xml/scanned_element.ts";

export interface Flushable {
  flush(): void;
}

/**
 * Most elements, and most UTF-16 units of them, that the actors handle together: more would not fit the processor's
 * cache.
 */
const MOST = 32;
const MOST_UNITS = 65_536;

export class EventTurn {
  readonly #sessions: SessionService;
  #waiting: Flushable[] = [];
  /** Waiting elements, and their UTF-16 units. */
  #told = 0;
  #units = 0;
  #isPlanned = false;

  constructor(sessions: SessionService) {
    this.#sessions = sessions;
  }

  /**
   * Called before a session gets an element. Messages gather. Any other element is handled after the gathered messages,
   * since it takes another path and could overtake them (RFC 6120 section 10.1).
   */
  tells({ name, text }: ScannedElement): void {
    if (name === "message") this.#gather(text.length);
    else this.#handle();
  }

  /** Called before a session gets a proof of receipt. */
  tellsProof(): void {
    this.#gather(0);
  }

  #gather(units: number): void {
    if (this.#told === MOST || this.#units + units > MOST_UNITS) this.#handle();
    this.#units += units;
    if (this.#told++ > 0) return;
    this.#sessions.hold();
    this.#plan();
  }

  /** Flushes the connection once, at the end of the turn. */
  add(connection: Flushable): void {
    this.#waiting.push(connection);
    this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(this.#end);
  }

  #handle(): void {
    this.#told = 0;
    this.#units = 0;
    this.#sessions.handle();
  }

  readonly #end = (): void => {
    try {
      this.#handle();
      this.#sessions.turnOver();
    } finally {
      this.#isPlanned = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const connection of waiting) connection.flush();
    }
  };
}
