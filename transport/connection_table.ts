/** The open connections of all transports: how many each address has, and how they are closed together. @module */
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

  /** A loopback address is that of a proxy or a test: it stands for many. */
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

  /** Closes every connection and admits none from now on. */
  closeAll(error: StreamError): void {
    this.#isOpen = false;
    for (const connection of [...this.#connections]) connection.close(error);
  }
}
