/**
 * Work with passwords, which is slow by design (PBKDF2). The number of concurrent checks leaves one core for everything
 * else, however many clients log in or register.
 * @module
 */
import { availableParallelism } from "node:os";
import type { Credentials } from "../store/store.ts";
import type { Jid } from "../xmpp/jid.ts";
import { checkPassword, deriveCredentials, passwordId, withPasswordId } from "../xmpp/scram_keys.ts";
import { WorkLimit } from "../xmpp/work_limit.ts";
import type { MemoryKey } from "./module.ts";

/** A core is left for everything else. */
export const PASSWORDS_AT_ONCE = Math.max(1, availableParallelism() - 1);
/**
 * Some ten seconds of work for one core. A stream waits for one answer at a time; an ended stream is skipped when its
 * turn comes.
 */
export const MAX_PASSWORDS_WAITING = 8000;

/** Each holds a password; the next login repeats a renewal that finds no room. */
const MAX_RENEWALS_WAITING = 100;

export class Passwords {
  readonly #limit: WorkLimit;
  /** Renewals are not urgent: one at a time joins the queue of logins. */
  readonly #renewals = new WorkLimit(1, MAX_RENEWALS_WAITING);

  constructor(limit: WorkLimit) {
    this.#limit = limit;
  }

  /** The keys to be stored for a new password. Throws PasswordError, WorkLimitError. */
  derive(password: string, rounds: number): Promise<Credentials> {
    return this.#limit.run(() => deriveCredentials(password, rounds));
  }

  /** Keys with more rounds, for the password of the stored keys. Throws WorkLimitError. */
  async renew(password: string, kept: Credentials, rounds: number): Promise<Credentials> {
    const renewed = await this.#renewals.run(() => this.derive(password, rounds));
    return withPasswordId(renewed, passwordId(kept));
  }

  /** Whether these keys were made from that password. Throws WorkLimitError. */
  check(password: string, credentials: Credentials): Promise<boolean> {
    return this.#limit.run(() => checkPassword(password, credentials));
  }
}

/** Number of changes that are kept; a login ends within the time limit of the negotiation. */
const MAX_CHANGES = 10_000;

/** Changed passwords, in order: a login that began with the old password must fail. */
export class PasswordChanges {
  readonly #changes = new Map<string, number>();
  /** The number of changes so far, for isSince(). */
  latest = 0;

  note(account: Jid): void {
    this.#changes.delete(account.text);
    this.#changes.set(account.text, ++this.latest);
    if (this.#changes.size <= MAX_CHANGES) return;
    for (const oldest of this.#changes.keys()) {
      this.#changes.delete(oldest);
      return;
    }
  }

  isSince(account: Jid, latest: number): boolean {
    return (this.#changes.get(account.text) ?? 0) > latest;
  }
}

export const PASSWORD_CHANGES: MemoryKey<PasswordChanges> = {
  name: "password changes",
  make: () => new PasswordChanges(),
};

/** The one of a server. */
export const PASSWORDS: MemoryKey<Passwords> = {
  name: "passwords",
  make: () => new Passwords(new WorkLimit(PASSWORDS_AT_ONCE, MAX_PASSWORDS_WAITING)),
};
