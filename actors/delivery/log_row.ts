/** What goes into the log of a message that nothing else is kept of; its text is written when a commit takes it. @module */
import { deadlineOf, encodeState, type RuleState } from "../../amp/rule_state.ts";
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
}

/** The waiting row of a message with rules. */
export class RuledEntry implements PendingEntry {
  readonly owner: string;
  readonly deadline: number | undefined;
  readonly #state: RuleState;

  constructor(owner: string, state: RuleState) {
    this.owner = owner;
    this.deadline = deadlineOf(state);
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
