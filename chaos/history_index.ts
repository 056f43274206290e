/** A history by message and by session, for the checks. @module */
import type { EventOf, HistoryEvent } from "./history.ts";

export type Placed<Event> = Event & { readonly index: number };

export interface MessageRecord {
  readonly id: string;
  readonly sent: Placed<EventOf<"sent">>;
  readonly sender: string;
  accepted: Placed<EventOf<"accepted">> | undefined;
  readonly received: Placed<EventOf<"received">>[];
  readonly copied: Placed<EventOf<"copied">>[];
  readonly reports: Placed<EventOf<"report">>[];
  readonly archived: Placed<EventOf<"archived">>[];
}

export interface SessionRecord {
  readonly id: string;
  readonly bound: Placed<EventOf<"bound">>;
  /** Cuts, resumptions, the closing and the end, in order. */
  readonly life: Placed<EventOf<"cut"> | EventOf<"resumed"> | EventOf<"closing"> | EventOf<"ended">>[];
}

export class HistoryIndex {
  readonly messages = new Map<string, MessageRecord>();
  readonly sessions = new Map<string, SessionRecord>();
  readonly kills: Placed<EventOf<"killed">>[] = [];
  readonly #starts: number[] = [];
  readonly miscounts: Placed<EventOf<"miscounted">>[] = [];
  /** Receipts and reports of messages without a known sender. */
  readonly strays: HistoryEvent[] = [];

  constructor(history: readonly HistoryEvent[]) {
    for (const [index, event] of history.entries()) this.#add({ ...event, index });
  }

  session(id: string): SessionRecord {
    const session = this.sessions.get(id);
    if (session === undefined) throw new Error(`Cannot check history: session ${id} was never bound`);
    return session;
  }

  userOf(session: string): string {
    return this.session(session).bound.user;
  }

  sessionsOf(user: string): SessionRecord[] {
    return [...this.sessions.values()].filter(({ bound }) => bound.user === user);
  }

  /** The server was being killed, or dead: text that a client reads then had left it before. */
  isDownAt(at: number): boolean {
    return this.kills.filter((kill) => kill.at <= at).length > this.#starts.filter((start) => start <= at).length;
  }

  killedBetween(from: number, until: number): boolean {
    return this.kills.some(({ at }) => at >= from && at <= until);
  }

  #add(event: Placed<HistoryEvent>): void {
    switch (event.kind) {
      case "bound":
        this.sessions.set(event.session, { id: event.session, bound: event, life: [] });
        return;
      case "cut":
      case "resumed":
      case "closing":
      case "ended":
        this.session(event.session).life.push(event);
        return;
      case "sent": {
        const sender = this.userOf(event.session);
        const empty = { accepted: undefined, received: [], copied: [], reports: [], archived: [] };
        this.messages.set(event.message, { id: event.message, sent: event, sender, ...empty });
        return;
      }
      case "accepted":
        this.#with(event, (message) => {
          message.accepted ??= event;
        });
        return;
      case "received":
        this.#with(event, ({ received }) => received.push(event));
        return;
      case "copied":
        this.#with(event, ({ copied }) => copied.push(event));
        return;
      case "report":
        this.#with(event, ({ reports }) => reports.push(event));
        return;
      case "archived":
        this.#with(event, ({ archived }) => archived.push(event));
        return;
      case "killed":
        this.kills.push(event);
        return;
      case "miscounted":
        this.miscounts.push(event);
        return;
      case "started":
        this.#starts.push(event.at);
        return;
      default:
        event satisfies never;
    }
  }

  #with(event: HistoryEvent & { readonly message: string }, add: (message: MessageRecord) => void): void {
    const message = this.messages.get(event.message);
    if (message === undefined) this.strays.push(event);
    else add(message);
  }
}
