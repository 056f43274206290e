/** Counts how many of one thing each address holds at a time. @module */
import { limitKey } from "./client_address.ts";

export class AddressCount {
  readonly #limit: number;
  /** By limitKey(). */
  readonly #counts = new Map<string, number>();

  /** `limit`: for one address; 0: no bound. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  hasRoom(address: string): boolean {
    return this.#limit === 0 || (this.#counts.get(limitKey(address)) ?? 0) < this.#limit;
  }

  add(address: string): void {
    const key = limitKey(address);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  remove(address: string): void {
    const key = limitKey(address);
    const count = (this.#counts.get(key) ?? 0) - 1;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}
