/**
 * One turn of the event loop: what came from all clients is handled together, and what leaves for one of them leaves in one
 * write, because a write costs far more than the text in it.
 * @module
 */
import type { SessionService } from "../actors/session_service.ts";
import type { ScannedElement } from "../xmpp/xml/scanned_element.ts";

export interface Flushable {
  flush(): void;
}

/** So many elements, of so many UTF-16 units, go through the actors together: more would not stay in the processor's cache. */
const MOST = 32;
const MOST_UNITS = 65_536;

export class EventTurn {
  readonly #sessions: SessionService;
  #waiting: Flushable[] = [];
  /** Elements that wait to be handled, and their units. */
  #told = 0;
  #units = 0;
  #isPlanned = false;

  constructor(sessions: SessionService) {
    this.#sessions = sessions;
  }

  /**
   * Called before a session is told of an element. Messages gather. All else is handled when what came before it is, since it
   * takes other ways than messages do, on which these would overtake each other (RFC 6120 section 10.1).
   */
  tells({ name, text }: ScannedElement): void {
    if (name === "message") this.#gather(text.length);
    else this.#handle();
  }

  /** Called before a session is told of proof. */
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

  /** Flushes the connection once, after the events at hand. */
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
