/**
 * The actor of a hop: one per domain whose messages go elsewhere through a durable queue. A message is durable before it counts
 * as accepted, and waits for the answer of the far end, tried again and again; messages to one address keep their order. Its
 * log in the store is that of the domain.
 *
 * A message goes through the rooms of hop/: intake.ts, then dispatch.ts or, where too many wait, backlog.ts. It is the same
 * flight as in delivery/, moved by the same steps.
 * @module
 */
import { StanzaError } from "../xmpp/errors.ts";
import { move, moveByCommit } from "./delivery/carry_out.ts";
import type { Envelope } from "./delivery/delivery_letter.ts";
import { expireRow } from "./delivery/expiry.ts";
import { conditionOf } from "./delivery/log_rows.ts";
import { onRows, open, readMore } from "./hop/backlog.ts";
import { carryOutOwn, onAnswered, onOver, onReachable, onRetry } from "./hop/dispatch.ts";
import type { HopLetter } from "./hop/hop_letter.ts";
import { type HopStart, HopState } from "./hop/hop_state.ts";
import { explain, onMessage } from "./hop/intake.ts";
import { isLeftToNext } from "./hop/judging.ts";
import type { Node } from "./node.ts";
import { tellFinding } from "./post.ts";
import type { Actor } from "./runtime/mailbox.ts";
import type { CommitNews } from "./store_letter.ts";

export class HopActor implements Actor<HopLetter> {
  readonly #state: HopState;

  constructor(node: Node, start: HopStart) {
    this.#state = new HopState(node, start, onOver, carryOutOwn);
  }

  /** Nothing waits here, in memory or in the store. */
  get isEmpty(): boolean {
    const { inFlight, hasMore, isReading, early } = this.#state;
    return inFlight.size === 0 && !hasMore && !isReading && early === undefined;
  }

  receive(letter: HopLetter): void | Promise<void> {
    const state = this.#state;
    switch (letter.kind) {
      case "start":
        return open(state);
      case "opened":
        return readMore(state);
      case "stanza":
        return this.#onStanza(letter);
      case "reachable":
        return onReachable(state);
      case "explain":
        return tellFinding(this.#state.node, letter.envelope, explain(this.#state, letter.envelope));
      case "rows":
        return onRows(state, letter.rows);
      case "committed":
      case "refused":
        return this.#onCommitNews(letter);
      case "done":
        return void moveByCommit(state, letter);
      case "answered":
        return onAnswered(state, letter.seq, letter.answer);
      case "retry":
        return onRetry(state, letter.seq);
      case "expire":
        return this.#onExpire(letter.seq);
      default:
        letter satisfies never;
    }
  }

  stopped(): void {
    this.halt();
  }

  /** No attempt begins any more; what still comes is kept for the next start. */
  halt(): void {
    this.#state.isStopped = true;
    for (const lane of this.#state.lanes.all()) lane.cancelPause?.();
  }

  #onStanza(envelope: Envelope): void {
    const { stanza } = envelope;
    if (stanza.name === "message") return onMessage(this.#state, envelope);
    const isRequest = stanza.name === "iq" && (stanza.type === "get" || stanza.type === "set");
    if (isRequest) this.#state.node.route(stanza.error(new StanzaError("service-unavailable")));
  }

  #onCommitNews(news: CommitNews): void {
    const state = this.#state;
    for (const seq of news.seqs) {
      const tracked = state.inFlight.get(seq);
      if (tracked === undefined) continue;
      if (news.kind === "committed") move(state, tracked, { kind: "committed" });
      else move(state, tracked, { kind: "refused", condition: conditionOf(news.fault) });
    }
  }

  /** With the far end a message may have been taken already: its answer decides. One that is not held is read first. */
  #onExpire(seq: number): void | Promise<void> {
    const state = this.#state;
    const tracked = state.inFlight.get(seq);
    if (tracked === undefined) return state.isReading ? undefined : expireRow(state, seq);
    const lane = state.lanes.of(tracked);
    const isOut = lane?.messages[0] === tracked && lane.isSending;
    move(state, tracked, { kind: "due", isReachable: isOut || isLeftToNext(state, tracked) });
  }
}
