/**
 * The resumable streams (XEP-0198): which session an id stands for, and for those already gone the `h` that a
 * `<failed/>` tells. Ids are random and never given twice.
 * @module
 */
import type { Jid } from "../xmpp/jid.ts";
import type { SessionRef } from "./protocol.ts";

interface StreamRecord {
  readonly account: string;
  session: SessionRef | undefined;
  h: number;
}

/** How many ended streams are remembered. */
const REMEMBERED = 10_000;

export class StreamRegistry {
  readonly #newId: () => string;
  #streams = new Map<string, StreamRecord>();
  #ended: string[] = [];

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  open(account: Jid, session: SessionRef): string {
    const id = this.#newId();
    this.#streams.set(id, { account: account.text, session, h: 0 });
    return id;
  }

  /** The last `h` that may be told of that stream. */
  note(id: string | undefined, h: number): void {
    const record = id === undefined ? undefined : this.#streams.get(id);
    if (record !== undefined) record.h = h;
  }

  close(id: string | undefined, h: number | undefined): void {
    const record = id === undefined ? undefined : this.#streams.get(id);
    if (id === undefined || record === undefined) return;
    record.session = undefined;
    record.h = h ?? record.h;
    this.#ended.push(id);
    while (this.#ended.length > REMEMBERED) this.#streams.delete(this.#ended.shift() as string);
  }

  /** Undefined where the id is unknown or belongs to another account. */
  find(account: Jid, id: string): { readonly session: SessionRef | undefined; readonly h: number } | undefined {
    const record = this.#streams.get(id);
    return record?.account === account.text ? record : undefined;
  }
}
