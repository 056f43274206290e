/**
 * The resumable streams (XEP-0198): the session of each id, and for ended streams the `h` for `<failed/>`. Ids are
 * random and never reused.
 * @module
 */
import type { StreamCount } from "../store/store.ts";
import type { Jid } from "../xmpp/jid.ts";
import type { OwnSessionRef } from "./session/session_letter.ts";

interface StreamRecord {
  readonly account: string;
  session: OwnSessionRef | undefined;
  h: number;
}

const NO_COUNTS: readonly StreamCount[] = [];
/** Most ended streams that are kept. */
const REMEMBERED = 10_000;

export class StreamRegistry {
  readonly #newId: () => string;
  readonly #changed: () => void;
  /** Counts that are not stored yet. */
  #dirty = new Map<string, StreamRecord>();
  #streams = new Map<string, StreamRecord>();
  #ended: string[] = [];

  /** `changed` is called when takeCounts() has new counts. */
  constructor(newId: () => string, changed: () => void) {
    this.#newId = newId;
    this.#changed = changed;
  }

  /** The counts for the next commit, so that they are known after a restart. */
  takeCounts(at: number): readonly StreamCount[] {
    if (this.#dirty.size === 0) return NO_COUNTS;
    const counts = Array.from(this.#dirty, ([id, { account, h }]) => ({ id, account, h, at }));
    this.#dirty.clear();
    return counts;
  }

  open(account: Jid, session: OwnSessionRef): string {
    const id = this.#newId();
    this.#streams.set(id, { account: account.text, session, h: 0 });
    return id;
  }

  /** The last `h` that may be sent for that stream. */
  note(id: string | undefined, h: number): void {
    const record = id === undefined ? undefined : this.#streams.get(id);
    if (record === undefined || record.h === h) return;
    record.h = h;
    const isFirst = this.#dirty.size === 0;
    this.#dirty.set(id as string, record);
    if (isFirst) this.#changed();
  }

  close(id: string | undefined, h: number | undefined): void {
    const record = id === undefined ? undefined : this.#streams.get(id);
    if (id === undefined || record === undefined) return;
    this.note(id, h ?? record.h);
    record.session = undefined;
    this.#ended.push(id);
    while (this.#ended.length > REMEMBERED) this.#streams.delete(this.#ended.shift() as string);
  }

  /** Undefined when the id is unknown or belongs to another account. */
  find(account: Jid, id: string): { readonly session: OwnSessionRef | undefined; readonly h: number } | undefined {
    const record = this.#streams.get(id);
    return record?.account === account.text ? record : undefined;
  }
}
