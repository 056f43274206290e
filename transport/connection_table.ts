/** The open connections of all transports: how many each address has, and how they are closed together. @module */
import type { Connection } from "../actors/connection.ts";
import type { StreamError } from "../xmpp/errors.ts";
import { limitKey } from "./client_address.ts";

export class ConnectionTable {
  readonly #limit: number;
  readonly #connections = new Set<Connection>();
  /** By limitKey(). */
  readonly #counts = new Map<string, number>();
  #isOpen = true;

  /** `limit`: connections of one address; 0: no bound. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False from closeAll() to open(). */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** A loopback address is that of a proxy or a test: it stands for many. */
  admits(address: string, loopback: boolean): boolean {
    if (!this.#isOpen) return false;
    return loopback || this.#limit === 0 || (this.#counts.get(limitKey(address)) ?? 0) < this.#limit;
  }

  add(connection: Connection): void {
    if (this.#connections.has(connection)) return;
    this.#connections.add(connection);
    const key = limitKey(connection.address);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  remove(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    const key = limitKey(connection.address);
    const count = (this.#counts.get(key) ?? 0) - 1;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }

  /** Admits connections again. */
  open(): void {
    this.#isOpen = true;
  }

  /** Closes every connection and admits none from now on. */
  closeAll(error: StreamError): void {
    this.#isOpen = false;
    for (const connection of [...this.#connections]) connection.close(error);
  }
}
