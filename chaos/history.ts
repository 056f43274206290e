/** The records of the clients of a chaos run: the only input of the checker. @module */

export type ChaosTransport = "websocket" | "bosh" | "tcp";

/** A rule of XEP-0079 as a client sends it. */
export interface ChaosRule {
  readonly condition: "deliver" | "expire-at";
  /** Of `deliver`: direct or stored; of `expire-at`: a date and time. */
  readonly value: string;
  readonly action: "notify" | "drop" | "error" | "alert";
}

/** `at` is in milliseconds; the events of one history are in the order in which they happened. */
export type HistoryEvent = { readonly at: number } & (
  | {
      readonly kind: "bound";
      readonly session: string;
      readonly user: string;
      readonly device: string;
      readonly transport: ChaosTransport;
      /** With XEP-0198. */
      readonly managed: boolean;
    }
  /** The connection was cut or is deaf: from here on the session's client proves nothing. */
  | { readonly kind: "cut"; readonly session: string; readonly how: string }
  | { readonly kind: "resumed"; readonly session: string }
  /** The client has acknowledged everything and closes the stream: stanzas in transit then stay unproved. */
  | { readonly kind: "closing"; readonly session: string }
  /** The server's `h` went back, or counts more than was sent. */
  | { readonly kind: "miscounted"; readonly session: string; readonly h: number }
  /** The session is over for its client. `clean`: the server has seen the closing, and the acknowledgement before it. */
  | { readonly kind: "ended"; readonly session: string; readonly clean: boolean }
  | {
      readonly kind: "sent";
      readonly message: string;
      readonly session: string;
      readonly to: string;
      /** The resource that the message is addressed to; empty for a bare JID. */
      readonly resource: string;
      readonly rules: readonly ChaosRule[];
    }
  /** The server's `h` covers the message. */
  | { readonly kind: "accepted"; readonly message: string }
  | {
      readonly kind: "received";
      readonly message: string;
      readonly session: string;
      /** `archive`: read there by a client that did so before its initial presence. */
      readonly via: "live" | "archive";
      readonly stanzaId: string;
    }
  /** A carbon copy (XEP-0280): only for the sender and the recipient, and no receipt. */
  | { readonly kind: "copied"; readonly message: string; readonly session: string }
  /** The server's report about a message: an event of XEP-0079, or an ordinary error (`bounce`). */
  | {
      readonly kind: "report";
      readonly message: string;
      readonly session: string;
      readonly report: "notify" | "alert" | "error" | "bounce";
      /** `deliver=direct`, or the condition of an error. */
      readonly why: string;
      readonly stanzaId: string;
    }
  /** Found in that user's archive after the end. */
  | { readonly kind: "archived"; readonly message: string; readonly user: string; readonly stanzaId: string }
  | { readonly kind: "killed" }
  | { readonly kind: "started" }
);

export type EventOf<Kind extends HistoryEvent["kind"]> = Extract<HistoryEvent, { readonly kind: Kind }>;

type Unstamped<Event> = Event extends HistoryEvent ? Omit<Event, "at"> : never;

/** Collects events, each with the time at which it was noted. */
export class History {
  readonly events: HistoryEvent[] = [];
  readonly #now: () => number;
  readonly #watchers = new Map<HistoryEvent["kind"], () => void>();

  constructor(now: () => number) {
    this.#now = now;
  }

  note(event: Unstamped<HistoryEvent>): void {
    this.events.push({ at: Math.round(this.#now()), ...event } as HistoryEvent);
    for (const [kind, wake] of this.#watchers) {
      if (kind !== event.kind) continue;
      this.#watchers.delete(kind);
      wake();
    }
  }

  /** Resolves at the next event of that kind. */
  next(kind: HistoryEvent["kind"]): Promise<void> {
    return new Promise((resolve) => this.#watchers.set(kind, resolve));
  }

  count(kind: HistoryEvent["kind"]): number {
    return this.events.reduce((sum, event) => (event.kind === kind ? sum + 1 : sum), 0);
  }
}
