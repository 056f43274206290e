/** What goes into the log of a message that nothing else is kept of; its text is written when a commit takes it. @module */
import { deadlineOf, encodeState, type RuleState } from "../../amp/rule_state.ts";
import type { NewMessage, Waiting } from "../../store/store.ts";
import type { Stanza } from "../../xmpp/stanza.ts";

export class LogRow implements NewMessage {
  readonly owner: string;
  readonly seq: number;
  readonly peer: string | undefined;
  readonly waiting: Waiting | undefined;
  readonly #stanza: Stanza;

  constructor(stanza: Stanza, { owner, seq, peer, waiting }: Omit<NewMessage, "text">) {
    this.owner = owner;
    this.seq = seq;
    this.peer = peer;
    this.waiting = waiting;
    this.#stanza = stanza;
  }

  get text(): string {
    return this.#stanza.write();
  }
}

/** A message with rules waits. */
export class RuledWaiting implements Waiting {
  readonly deadline: number | undefined;
  readonly timeline: string | undefined;
  readonly #state: RuleState;

  constructor(state: RuleState, timeline: string | undefined) {
    this.timeline = timeline;
    this.deadline = deadlineOf(state);
    this.#state = state;
  }

  get rules(): string {
    return encodeState(this.#state);
  }

  toJSON(): Waiting {
    const { rules, deadline, timeline } = this;
    return { rules, deadline, timeline };
  }
}
