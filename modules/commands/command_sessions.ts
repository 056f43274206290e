/** Commands that wait for their form. Bounded in number and in time. @module */
import type { Jid } from "../../xmpp/jid.ts";
import type { MemoryKey } from "../module.ts";

const MAX_SESSIONS = 10_000;
const MAX_AGE_MS = 900_000;

interface CommandSession {
  readonly node: string;
  readonly user: Jid;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export class CommandSessions {
  /** In the order in which they began. */
  readonly #sessions = new Map<string, CommandSession>();

  open(id: string, session: CommandSession): void {
    for (const [oldest, { startedAt }] of this.#sessions) {
      const isOver = session.startedAt - startedAt > MAX_AGE_MS || this.#sessions.size >= MAX_SESSIONS;
      if (!isOver) break;
      this.#sessions.delete(oldest);
    }
    this.#sessions.set(id, session);
  }

  /** Ends the session. False when that user has no such session. */
  close(id: string, { node, user, now }: { readonly node: string; readonly user: Jid; readonly now: number }): boolean {
    const session = this.#sessions.get(id);
    if (session === undefined || session.node !== node || !session.user.equals(user)) return false;
    this.#sessions.delete(id);
    return now - session.startedAt <= MAX_AGE_MS;
  }

  isOpen(id: string, user: Jid): boolean {
    return this.#sessions.get(id)?.user.equals(user) === true;
  }
}

export const COMMAND_SESSIONS: MemoryKey<CommandSessions> = {
  name: "command sessions",
  make: () => new CommandSessions(),
};
