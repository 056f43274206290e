/** A session as delivery sees it: it takes messages, and proves them or dies when the test says so. @module */
import type { DeliveryRef } from "../../../actors/delivery/delivery_letter.ts";
import type { ResourceEntry } from "../../../actors/profile.ts";
import type { SessionLetter, SessionRef } from "../../../actors/session/session_letter.ts";
import type { ResourceAnswer } from "../../../amp/plan.ts";
import { CARBONS } from "../../../modules/carbons.ts";
import type { Jid } from "../../../xmpp/jid.ts";
import { NS } from "../../../xmpp/ns.ts";
import type { Stanza } from "../../../xmpp/stanza.ts";

let lastId = 0;

export class FakeSession {
  readonly jid: Jid;
  readonly ref: SessionRef;
  /** All that it was given, in order. */
  readonly given: Stanza[] = [];
  readonly revoked: number[] = [];
  /** After which time each of them must not be sent again. */
  readonly untils: (number | undefined)[] = [];
  available = true;
  priority = 0;
  carbons = false;
  connected = true;
  seenUntil = 0;
  /** It has ended; what is given to it comes back at once. */
  isOver = false;
  #unproved: number[] = [];
  readonly #delivery: () => DeliveryRef;

  constructor(jid: Jid, delivery: () => DeliveryRef) {
    this.jid = jid;
    this.#delivery = delivery;
    const view = () => this.#view;
    this.ref = {
      id: ++lastId,
      get view() {
        return view();
      },
      tell: (message) => this.#take(message),
    };
  }

  #take(message: SessionLetter): void {
    if (message.kind === "deliver") this.#deliver(message);
    else if (message.kind === "revoke") this.revoked.push(message.seq);
  }

  get #view(): ResourceAnswer | undefined {
    const { available, priority, connected } = this;
    return this.isOver ? undefined : { resource: this.jid.resource, available, priority, connected };
  }

  #deliver({ stanza, seq, until }: Extract<SessionLetter, { kind: "deliver" }>): void {
    if (this.isOver) {
      if (seq > 0) this.#giveBack([seq]);
      return;
    }
    this.given.push(stanza);
    this.untils.push(until);
    if (seq > 0) this.#unproved.push(seq);
  }

  /** Bodies of what it was given; of an event its status and rule. */
  get texts(): string[] {
    return this.given.map(textOf);
  }

  get unproved(): number {
    return this.#unproved.length;
  }

  /** Proof of receipt for the oldest messages, for all of them unless a number is given. */
  proves(count = this.#unproved.length): void {
    const seqs = this.#unproved.splice(0, count);
    if (seqs.length > 0) this.#delivery().tell({ kind: "proved", seqs, resource: this.jid.resource, by: "sm-ack" });
  }

  /** It is over; nobody has told the news yet. */
  ends(): void {
    this.isOver = true;
  }

  /** What it could not prove goes back, though it be nothing. */
  givesBack(): void {
    this.#giveBack(this.#unproved.splice(0));
  }

  #giveBack(seqs: readonly number[]): void {
    this.#delivery().tell({ kind: "unproved", seqs, session: this.ref.id });
  }

  get entry(): ResourceEntry {
    const { jid, ref, carbons, seenUntil } = this;
    return { resource: jid.resource, jid, session: ref.id, marks: new Set(carbons ? [CARBONS] : []), seenUntil };
  }
}

export function textOf(stanza: Stanza): string {
  const body = stanza.payload("body", NS.CLIENT)?.text;
  if (body !== undefined) return body;
  const amp = stanza.payload("amp", NS.AMP);
  const rule = amp?.child("rule", NS.AMP);
  if (rule === undefined) return stanza.type === "error" ? `error ${stanza.id}` : (stanza.children[0]?.name ?? "");
  return `${amp?.attr("status")} ${rule.attr("condition")} ${rule.attr("value")} of ${stanza.id}`;
}
