/**
 * XEP-0198 of one session: what may be acknowledged to the client, what the client has acknowledged, and resumption. An
 * `h` is sent only after the commit that makes it true. The `h` of a resumable stream is itself committed first, so
 * that a restarted server never knows less than the client.
 * @module
 */
import type { Proof } from "../../outcomes/step.ts";
import { StreamError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { attr, xml } from "../../xmpp/xml/xml.ts";
import type { Connection } from "../connection.ts";
import type { Node } from "../node.ts";
import { BoundSession } from "./bound_session.ts";
import { Ledger } from "./ledger.ts";
import type { Outbox } from "./outbox.ts";
import type { OwnSessionRef, SessionMessage } from "./session_letter.ts";

export type Attach = Extract<SessionMessage, { kind: "attach" }>;

/** The session, as stream management needs it. */
export interface ManagedSession {
  readonly node: Node;
  readonly jid: Jid;
  readonly outbox: Outbox;
  readonly connection: Connection | undefined;
  self(): OwnSessionRef;
  /** Receipt of these messages is proved. */
  proved(seqs: readonly number[], by: Proof): void;
  /** These will not be sent again: they have expired. */
  late(seqs: readonly number[]): void;
  /** Detaches the connection; the stream can be resumed. */
  detach(error: StreamError): void;
  /** The stream continues over this connection. */
  takeOver(connection: Connection): void;
  end(error: StreamError | undefined): void;
  /** It is over, and its count will not change any more. */
  counted(): void;
}

/**
 * Longest wait of an answer to `<r/>` for the commits that it depends on; then it sends the count that is true already,
 * as soon as that is stored.
 */
const ANSWER_MS = 1000;
/** The same for a resumption, which then fails and ends the session. */
const ATTACH_MS = 5000;

export class ManagedStream {
  readonly #session: ManagedSession;
  readonly #ledger = new Ledger();
  /** Messages that one of the two sides has settled. */
  readonly #halves = new Map<number, "sender" | "recipient">();
  readonly #id: string | undefined;
  /** The stored count of a resumable stream, and whether another is being stored. */
  #kept = 0;
  #keeping = false;
  /** The count that the client's latest `<r/>` waits for, and the time since which an answer waits; undefined: none. */
  #wanted: number | undefined;
  #wantedSince = 0;
  #attach: Attach | undefined;
  #attachSince = 0;
  #ended = false;

  constructor(session: ManagedSession, resume: boolean) {
    this.#session = session;
    const { node, jid } = session;
    const resumable = resume && node.settings.resumeMs > 0;
    if (resumable) this.#id = node.streams.open(jid.bare, session.self());
    const max = resumable ? Math.floor(node.settings.resumeMs / 1000) : undefined;
    // XEP-0198 section 5: 'true', since some clients do not take '1'.
    const attributes = xml`${attr("id", this.#id)}${attr("resume", resumable ? "true" : undefined)}${attr("max", max)}`;
    session.connection?.send(xml`<enabled xmlns="${NS.SM}"${attributes}/>`.text);
  }

  get resumable(): boolean {
    return this.#id !== undefined;
  }

  /** The number of the inbound stanza at hand. */
  next(): number {
    return this.#ledger.next();
  }

  /** One side of a message, its sender's or its recipient's, has settled it; after both the stanza is handled. */
  accepted(ticket: number, side: "sender" | "recipient"): void {
    if (this.#ledger.isSettled(ticket)) return;
    const other = this.#halves.get(ticket);
    if (other === undefined) this.#halves.set(ticket, side);
    if (other === undefined || other === side) return;
    this.#halves.delete(ticket);
    this.settle(ticket);
  }

  /** That stanza is durable, or has reached its end. */
  settle(ticket: number): void {
    this.#ledger.settle(ticket);
    if (!this.#ended) return this.#advance();
    this.#session.node.streams.note(this.#id, this.#ledger.h);
    if (!this.isCounting) this.#session.counted();
  }

  /** The stream can be asked for its count, and not all that it has received is settled. */
  get isCounting(): boolean {
    return this.resumable && this.#ledger.settled < this.#ledger.received;
  }

  /** XEP-0198 section 4: `<r/>` is always answered; the answer waits a moment for the commit that makes it true. */
  onRequest(): void {
    const { node } = this.#session;
    if (this.#wanted === undefined) this.#wantedSince = node.now();
    this.#wanted = this.#ledger.received;
    if (this.#ledger.settled < this.#ledger.received) node.store.tell({ kind: "hurry" });
    this.#advance();
  }

  /** XEP-0198 section 4: the client's `<a/>`. Throws StreamError. */
  onAcknowledgement(text: string | undefined): void {
    const h = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(h <= 0xffffffff)) throw new StreamError("policy-violation", { text: "Cannot read h: not a number" });
    this.#acknowledge(h);
  }

  #acknowledge(h: number): void {
    const { outbox } = this.#session;
    const proved = outbox.acknowledge(h);
    if (proved !== undefined) return this.#session.proved(proved, "sm-ack");
    const application = xml`<handled-count-too-high xmlns="${NS.SM}" h="${h}" send-count="${outbox.sentCount}"/>`;
    throw new StreamError("undefined-condition", { application });
  }

  /** XEP-0198 section 5: another connection takes the stream over, from one that may still linger. */
  attach(attach: Attach): void {
    if (this.#id === undefined) return attach.reply({ kind: "unknown", h: undefined });
    const { node } = this.#session;
    this.#attach?.reply({ kind: "unknown", h: this.#kept >>> 0 });
    this.#attach = attach;
    this.#attachSince = node.now();
    this.#session.detach(new StreamError("conflict", { text: "Resumed on another connection" }));
    if (this.#ledger.settled < this.#ledger.received) node.store.tell({ kind: "hurry" });
    this.#advance();
  }

  /** That count is stored; undefined: it could not be stored, and the stored one is sent in time. */
  onKept(count: number | undefined): void {
    this.#keeping = false;
    if (count !== undefined) this.#kept = count;
    if (this.#waitedFor(this.#session.node.now()) >= ANSWER_MS) this.#answer(this.#tellable);
    if (count !== undefined) this.#advance();
  }

  sweep(now: number): void {
    // The client gets `<failed/>` and binds anew, so the session ends and its messages are delivered elsewhere.
    if (this.#attach !== undefined && now - this.#attachSince >= ATTACH_MS) return this.#session.end(undefined);
    const waited = this.#waitedFor(now);
    if (waited < ANSWER_MS) return;
    // A client that never pauses always has unsettled stanzas: after the wait the settled count is stored and sent.
    const { settled } = this.#ledger;
    if (this.#tellable < settled && waited < 2 * ANSWER_MS) this.#keep(settled);
    else this.#answer(this.#tellable);
  }

  /** How long an `<r/>` has been waiting for its answer, in milliseconds. */
  #waitedFor(now: number): number {
    return this.#wanted === undefined ? 0 : now - this.#wantedSince;
  }

  ended(): void {
    this.#ended = true;
    this.#attach?.reply({ kind: "unknown", h: this.#kept >>> 0 });
    this.#attach = undefined;
    this.#session.node.streams.close(this.#id, this.#ledger.h);
  }

  /** The count that may be told now. */
  get #tellable(): number {
    return this.resumable ? this.#kept : this.#ledger.settled;
  }

  #advance(): void {
    const { settled, received } = this.#ledger;
    if (this.#wanted !== undefined && this.#tellable >= this.#wanted) this.#answer(this.#tellable);
    if (this.#attach !== undefined && settled === received && this.#kept === settled) return this.#resume();
    const resumes = this.#attach !== undefined && settled === received;
    const answers = this.#wanted !== undefined && settled >= this.#wanted;
    if (resumes || answers) this.#keep(settled);
  }

  #keep(count: number): void {
    if (this.#keeping) return;
    this.#keeping = true;
    const { node, jid } = this.#session;
    const self = this.#session.self();
    node.store.tell({
      kind: "calls",
      alone: true,
      calls: [["putStreams", [{ id: this.#id as string, account: jid.bare.text, h: count >>> 0, at: node.now() }]]],
      resolve: ([reply]) =>
        self.tell({ kind: "kept", count: reply !== undefined && "fault" in reply ? undefined : count }),
      reject: () => self.tell({ kind: "kept", count: undefined }),
    });
  }

  #answer(count: number): void {
    this.#wanted = undefined;
    this.#session.connection?.send(xml`<a xmlns="${NS.SM}" h="${count >>> 0}"/>`.text);
  }

  /** The client resends what the `h` of `<resumed/>` does not cover, so that `h` must cover every received stanza. */
  #resume(): void {
    const { connection, h, reply } = this.#attach as Attach;
    this.#attach = undefined;
    this.#session.takeOver(connection);
    const { jid, outbox } = this.#session;
    reply({ kind: "resumed", session: new BoundSession(jid, this.#session.self()) });
    connection.send(xml`<resumed xmlns="${NS.SM}" previd="${this.#id}" h="${this.#kept >>> 0}"/>`.text);
    try {
      this.#acknowledge(h);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      return this.#session.end(error);
    }
    const late = outbox.revokeExpired(this.#session.node.now());
    outbox.dropRevoked();
    this.#session.late(late);
    for (const stanza of outbox.unacknowledged()) connection.send(stanza.toString());
  }
}
