/** The open connections of all transports: counts them by address and closes them together. @module */
import type { Connection } from "../actors/connection.ts";
import type { StreamError } from "../xmpp/errors.ts";
import { AddressCount } from "./address_count.ts";

export class ConnectionTable {
  readonly #connections = new Set<Connection>();
  readonly #counts: AddressCount;
  #isOpen = true;

  /** `limit`: connections of one address; 0: no bound. */
  constructor(limit: number) {
    this.#counts = new AddressCount(limit);
  }

  /** False from closeAll() to open(). */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** A loopback address belongs to a proxy or a test and stands for many clients. */
  admits(address: string, loopback: boolean): boolean {
    if (!this.#isOpen) return false;
    return loopback || this.#counts.hasRoom(address);
  }

  add(connection: Connection): void {
    if (this.#connections.has(connection)) return;
    this.#connections.add(connection);
    this.#counts.add(connection.address);
  }

  remove(connection: Connection): void {
    if (this.#connections.delete(connection)) this.#counts.remove(connection.address);
  }

  /** Admits connections again. */
  open(): void {
    this.#isOpen = true;
  }

  /** Closes every connection and admits no new one. */
  closeAll(error: StreamError): void {
    this.#isOpen = false;
    for (const connection of [...this.#connections]) connection.close(error);
  }
}
