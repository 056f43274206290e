/**
 * A message's row for the log whose text is written when a commit takes it: most rows of messages that are received at
 * once never are.
 * @module
 */
import { nextDeadline } from "../../amp/evaluate.ts";
import { encodeState, type RuleState } from "../../amp/rule_state.ts";
import type { ArchiveEntry, NewMessage, PendingEntry } from "../../store/store.ts";
import type { Stanza } from "../../xmpp/stanza.ts";

export class LogRow implements NewMessage {
  readonly seq: number;
  readonly archive: readonly ArchiveEntry[];
  readonly pending: PendingEntry | undefined;
  readonly #stanza: Stanza;

  constructor(seq: number, stanza: Stanza, archive: readonly ArchiveEntry[], pending: PendingEntry | undefined) {
    this.seq = seq;
    this.archive = archive;
    this.pending = pending;
    this.#stanza = stanza;
  }

  get text(): string {
    return this.#stanza.write();
  }

  /** For a store on another thread. */
  toJSON(): NewMessage {
    const { seq, text, archive, pending } = this;
    return { seq, text, archive, pending };
  }
}

/** The waiting row of a message with rules. */
export class RuledEntry implements PendingEntry {
  readonly owner: string;
  readonly deadline: number | undefined;
  readonly #state: RuleState;

  constructor(owner: string, state: RuleState) {
    this.owner = owner;
    this.deadline = nextDeadline(state.rules, state.fired);
    this.#state = state;
  }

  get rules(): string {
    return encodeState(this.#state);
  }

  toJSON(): PendingEntry {
    const { owner, rules, deadline } = this;
    return { owner, rules, deadline };
  }
}
