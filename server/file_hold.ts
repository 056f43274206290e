/**
 * Holds the database file as it is while another process copies it: the server's own process must not open it, since closing it
 * would drop SQLite's lock (https://www.sqlite.org/howtocorrupt.html, 2.2). A copier that does not come again in time lets the file go.
 * @module
 */
import { resolve } from "node:path";
import { StoreFault } from "../store/store.ts";
import type { Log } from "../xmpp/log.ts";

/** How long a hold lasts without keep(). The log grows meanwhile. */
const LEASE_MS = 30_000;

export interface HeldFile {
  readonly id: string;
  /** Of the database; its log is beside it, with `-wal` at the end. */
  readonly path: string;
}

/** Copy the database file, then its log, each from its beginning to its end; the two are right if end() answers true. */
export interface Backups {
  /** The file stays as it is for 30 s, and longer with keep(). Throws StoreFault when another copy is made, or when there is no file. */
  begin(): Promise<HeldFile>;
  /** False: the hold is over. */
  keep(id: string): boolean;
  /** Whether the file was held all the time. Throws StoreFault. */
  end(id: string): Promise<boolean>;
}

export interface FileHoldStart {
  readonly log: Log;
  readonly schedule: (ms: number, task: () => void) => () => void;
  readonly newId: () => string;
  readonly hold: ((isHeld: boolean) => Promise<boolean>) | undefined;
  /** Undefined: there is no file. */
  readonly path: string | undefined;
}

export class FileHold implements Backups {
  readonly #start: FileHoldStart;
  #id: string | undefined;
  #cancel: () => void = () => {};

  constructor(start: FileHoldStart) {
    this.#start = start;
  }

  async begin(): Promise<HeldFile> {
    const { hold, path, newId, log } = this.#start;
    if (hold === undefined || path === undefined)
      throw new StoreFault("failed", "Cannot back up the store: it is in no file of this server");
    if (this.#id !== undefined)
      throw new StoreFault("failed", "Cannot back up the store: another backup is being made");
    const id = newId();
    this.#id = id;
    try {
      await hold(true);
    } catch (error) {
      this.#id = undefined;
      throw error;
    }
    this.#extend();
    log.info("backup begun", { path });
    return { id, path: resolve(path) };
  }

  keep(id: string): boolean {
    if (id !== this.#id) return false;
    this.#extend();
    return true;
  }

  async end(id: string): Promise<boolean> {
    if (id !== this.#id) return false;
    const wasHeld = await this.#letGo();
    this.#start.log.info("backup ended", { wasHeld });
    return wasHeld;
  }

  /** With the server. */
  async stop(): Promise<void> {
    if (this.#id !== undefined) await this.#tryLetGo("the server stops");
  }

  #extend(): void {
    this.#cancel();
    this.#cancel = this.#start.schedule(LEASE_MS, () => void this.#tryLetGo("it was not kept up"));
  }

  async #tryLetGo(reason: string): Promise<void> {
    this.#start.log.warn("backup given up", { reason });
    try {
      await this.#letGo();
    } catch (error) {
      this.#start.log.error("cannot let go the database file", { error });
    }
  }

  #letGo(): Promise<boolean> {
    this.#cancel();
    this.#id = undefined;
    return this.#start.hold!(false);
  }
}
