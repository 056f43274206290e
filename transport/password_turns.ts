/**
 * Turns of logins that carry a password (modules/passwords.ts): a fixed number at a time. Waiting logins take turns by
 * address, and within an address by account. Thousands of logins of one account, or from one address, delay the login
 * of another by one turn each round.
 * @module
 */
import { WorkLimitError } from "../xmpp/work_limit.ts";
import { limitKey } from "./client_address.ts";

type Begin = () => void;

export class PasswordTurns {
  readonly #maxWaiting: number;
  readonly #maxOfOne: number;
  /** Waiting logins by address, then by account; the order of each map is the order of turns. */
  readonly #addresses = new Map<string, Map<string, Begin[]>>();
  #waiting = 0;
  #free: number;

  /** `maxOfOne`: most waiting logins of one account at one address. */
  constructor(parallel: number, maxWaiting: number, maxOfOne = maxWaiting) {
    this.#free = parallel;
    this.#maxWaiting = maxWaiting;
    this.#maxOfOne = maxOfOne;
  }

  /** Calls `begin` when its turn has come, possibly at once. The turn lasts until leave(). Throws WorkLimitError. */
  enter(address: string, account: string, begin: Begin): void {
    if (this.#free > 0) {
      this.#free--;
      return begin();
    }
    if (this.#waiting >= this.#maxWaiting) throw new WorkLimitError("Cannot log in: too many wait");
    const accounts = entry(this.#addresses, limitKey(address), () => new Map<string, Begin[]>());
    const line = entry(accounts, account, (): Begin[] => []);
    if (line.length >= this.#maxOfOne) throw new WorkLimitError("Cannot log in: too many wait for the same account");
    this.#waiting++;
    line.push(begin);
  }

  leave(): void {
    const next = this.#take();
    if (next === undefined) this.#free++;
    else next();
  }

  #take(): Begin | undefined {
    for (const [address, accounts] of this.#addresses) {
      this.#waiting--;
      const begin = takeFrom(accounts);
      this.#addresses.delete(address);
      if (accounts.size > 0) this.#addresses.set(address, accounts);
      return begin;
    }
    return undefined;
  }
}

/** Takes a login of the first account, which then goes to the end. */
function takeFrom(accounts: Map<string, Begin[]>): Begin | undefined {
  for (const [account, waiting] of accounts) {
    const begin = waiting.shift();
    accounts.delete(account);
    if (waiting.length > 0) accounts.set(account, waiting);
    return begin;
  }
  return undefined;
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
