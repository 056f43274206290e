/**
 * The resource actor: one per bound full JID. Owns the outbound queue, XEP-0198 state, presence and priority, and
 * client state; checks its client's stanzas, stamps the full JID and routes them; proves receipt of the stanzas that it
 * delivers. It outlives its connection for the resumption time (XEP-0198 section 5).
 * @module
 */
import type { ResourceAnswer } from "../amp/plan.ts";
import type { Proof } from "../outcomes/step.ts";
import { StreamError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import { attribute, type ScannedElement } from "../xmpp/xml/scanned_element.ts";
import { xml } from "../xmpp/xml/xml.ts";
import type { Address } from "./address.ts";
import type { Congestion, Reader } from "./congestion.ts";
import type { Connection } from "./connection.ts";
import type { Node, UserEntry } from "./node.ts";
import { readPriority } from "./presence_priority.ts";
import type { Actor } from "./runtime/mailbox.ts";
import type { TurnEnd } from "./runtime/scheduler.ts";
import { AccountBacklog, type Backlogged } from "./session/account_backlog.ts";
import type { AccountBudget } from "./session/account_budget.ts";
import { ClientState } from "./session/client_state.ts";
import { onStanza, PROBE_ID, type SendingSession } from "./session/from_client.ts";
import { type Attach, type ManagedSession, ManagedStream } from "./session/managed_stream.ts";
import { OpenRequests, unanswered, wantsAnswer } from "./session/open_requests.ts";
import { Outbox } from "./session/outbox.ts";
import type { OwnSessionRef, SessionMessage } from "./session/session_letter.ts";

type Deliver = Extract<SessionMessage, { readonly kind: "deliver" }>;

/** A probe without an answer for this long at the end of the stream counts as ignored. */
const IGNORED_MS = 1000;
/** Of what a session may hold without proof, as much again of strangers. They go on when half of that is proved. */
const STRANGERS_BYTES = 1 / 8;
/** A message is dear by its bytes; without them the number alone protects the lists. */
const STRANGERS_MESSAGES = 1 / 2;
/** What waits for a client that does not read counts for the account above this, in bytes: less may be on its way. */
const FREE_BACKLOG = 1_048_576;
const REQUEST = xml`<r xmlns="${NS.SM}"/>`.text;

export interface SessionStart {
  readonly jid: Jid;
  readonly connection: Connection;
  readonly entry: UserEntry;
  readonly self: OwnSessionRef;
  /** The account's budget, shared by its sessions; undefined: there is no limit. */
  readonly budget: AccountBudget | undefined;
}

export class SessionActor
  implements Actor<SessionMessage>, SendingSession, ManagedSession, TurnEnd, Reader, Backlogged
{
  readonly #node: Node;
  readonly #jid: Jid;
  readonly #entry: UserEntry;
  readonly #self: OwnSessionRef;
  #address: Extract<Address, { readonly kind: "session" }> | undefined;
  #connection: Connection | undefined;
  #outbox = new Outbox();
  #managed: ManagedStream | undefined;
  #clientState: ClientState | undefined;
  readonly #budget: AccountBudget | undefined;
  #requests: OpenRequests | undefined;
  #available = false;
  #priority = 0;
  #ended = false;
  /** The share of strangers is used up: their messages wait in storage. */
  #refusesStrangers = false;
  /** Replaced after each change of presence, connection or #refusesStrangers. */
  #view: ResourceAnswer | undefined;
  /** The client has sent something since the last sweep, which then sets its time. */
  #isHeard = false;
  #lastHeard: number;
  #detachedAt = 0;
  #probeToken = 0;
  #probeSentAt = 0;
  #probePlanned = false;
  /** Reading is paused until the account's debt is paid, or the store has caught up. */
  #waitsFor: AccountBudget | Congestion | undefined;

  constructor(node: Node, start: SessionStart) {
    this.#node = node;
    this.#jid = start.jid;
    this.#entry = start.entry;
    this.#self = start.self;
    this.#connection = start.connection;
    this.#lastHeard = node.now();
    this.#budget = start.budget;
  }

  receive(message: SessionMessage): void {
    switch (message.kind) {
      case "inbound":
        return this.#onInbound(message.element);
      case "deliver":
        return this.#onDeliver(message);
      case "proof":
        return this.probeAnswered(message.token, this.#connection?.transport === "bosh" ? "bosh-ack" : "pong");
      case "accepted":
        return this.#managed?.accepted(message.ticket, message.side);
      case "kept":
        return this.#managed?.onKept(message.count);
      case "revoke":
        return this.#outbox.revoke(message.seq);
      case "attach":
        return this.#onAttach(message);
      case "disconnected":
        return this.#onDisconnected(message.connection, message.clean);
      case "timer":
        return this.#onTimer();
      case "end":
        return this.end(message.error);
      default:
        message satisfies never;
    }
  }

  // Inbound

  #onInbound(element: ScannedElement): void {
    if (this.#ended) return;
    this.#isHeard = true;
    if (this.#budget?.take(element.text.length) === false) this.#wait(this.#budget);
    else if (this.#node.congestion.isHigh) this.#wait(this.#node.congestion);
    this.#handle(element);
    if (this.#budget?.handled() === false) this.#wait(this.#budget);
  }

  #handle(element: ScannedElement): void {
    try {
      if (element.ns === NS.CLIENT) return onStanza(this, element, this.#managed?.next() ?? 0);
      if (element.ns === NS.SM) return this.#onStreamManagement(element);
      if (element.ns === NS.CSI) return this.#onClientState(element.name);
      throw new StreamError("unsupported-stanza-type");
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#node.log.info("stream error", { jid: this.#jid.text, condition: error.condition, text: error.text });
      this.end(error);
    }
  }

  /** Stanzas that were read are still handled. */
  #wait(gate: AccountBudget | Congestion): void {
    const known = this.#waitsFor;
    // A debt goes before want of room, which may be over sooner.
    if (this.#ended || known === gate || (known !== undefined && known === this.#budget)) return;
    this.#stopWaiting();
    this.#waitsFor = gate;
    if (known === undefined) this.#connection?.pause();
    gate.wait(this);
  }

  /** Until what waits here has been handled. */
  stopReading(): void {
    this.#wait(this.#node.congestion);
  }

  goOn(): void {
    this.#waitsFor = undefined;
    if (this.#self.isCrowded) this.stopReading();
    else this.#connection?.resume();
  }

  /** The connection is another, or none. */
  #stopWaiting(): void {
    this.#waitsFor?.forget(this);
    this.#waitsFor = undefined;
  }

  keepPresence(presence: Stanza): void {
    this.#available = presence.type === undefined;
    this.#priority = readPriority(presence);
    this.#changed();
  }

  answer(stanza: Stanza): void {
    this.#write(stanza, 0);
  }

  settle(ticket: number): void {
    if (ticket > 0) this.#managed?.settle(ticket);
  }

  // Outbound and proof of receipt

  #onDeliver({ stanza, seq, until, ofStranger }: Deliver): void {
    if (this.#refusesStrangers && seq === 0 && ofStranger === true && !this.#awaits(stanza)) return this.#drop(stanza);
    if (stanza.name === "iq") this.#onIq(stanza);
    if (seq === 0 && this.#clientState?.holds(stanza)) {
      if (this.#clientState.full) this.#flushHeld();
      return;
    }
    if (this.#clientState?.hasHeld) this.#flushHeld();
    if (until !== undefined && this.#outbox.managed) this.#outbox.expireAt(seq, until);
    this.#write(stanza, seq, ofStranger);
  }

  /** Its client may have asked for it. */
  #awaits({ name, type }: Stanza): boolean {
    return this.#connection !== undefined && name === "iq" && (type === "result" || type === "error");
  }

  /** Untracked: it needs no proof and is not stored. */
  #drop(stanza: Stanza): void {
    if (stanza.name === "iq" && wantsAnswer(stanza, this.#jid)) this.#node.route(unanswered(stanza));
  }

  /** Somebody asks the client, or has answered it. */
  #onIq(iq: Stanza): void {
    if (wantsAnswer(iq, this.#jid)) return this.#onRequest(iq);
    if (iq.type === "result" && this.#budget?.answered(iq.size) === false) this.#wait(this.#budget);
  }

  /** It is answered for a client that goes. */
  #onRequest(request: Stanza): void {
    if (this.#ended) return this.#node.route(unanswered(request));
    this.#requests ??= new OpenRequests();
    this.#requests.add(request);
  }

  answered(answer: Stanza): void {
    this.#requests?.answered(answer);
  }

  #write(stanza: Stanza, seq: number, ofStranger = false): void {
    if (this.#ended) {
      if (seq > 0)
        this.#entry.delivery.tell({
          kind: "unproved",
          seqs: [seq],
          session: this.#self.id,
        });
      return;
    }
    this.#outbox.add(stanza, seq, ofStranger);
    if (ofStranger) this.#checkStrangers();
    if (this.#connection === undefined) return this.#checkBounds();
    this.#connection.send(stanza.toString());
    if (seq > 0 || this.#outbox.managed) this.#planProbe();
    else if (this.#connection.backlog > FREE_BACKLOG) this.#checkAccount();
  }

  /** A slow reader: its unproved messages go back to storage, and the stream is closed. */
  #checkBounds(): void {
    const { unprovedMessages, unprovedBytes } = this.#node.settings;
    const { length, strangers, strangerBytes } = this.#outbox;
    const isFull = length - strangers > unprovedMessages || this.heldBytes > unprovedBytes;
    // Answers that its client awaits, and what comes within one turn, go beyond the strangers' share.
    if (isFull || strangerBytes > 2 * unprovedBytes) return this.#onFull();
    this.#checkAccount();
  }

  #checkAccount(): void {
    this.#entry.backlog ??= new AccountBacklog();
    this.#entry.backlog.add(this);
    this.#entry.backlog.limit(this.#node.settings.accountUnprovedBytes);
  }

  #onFull(): void {
    const backlog = this.#connection?.backlog ?? 0;
    this.#node.log.warn("slow reader", { jid: this.#jid.text, unproved: this.#outbox.length, backlog });
    this.end(new StreamError("policy-violation", { text: "Too many unacknowledged stanzas" }));
  }

  get heldBytes(): number {
    const { bytes, strangerBytes } = this.#outbox;
    return bytes - strangerBytes + Math.max(0, (this.#connection?.backlog ?? 0) - strangerBytes);
  }

  /** Another session may be at work. */
  giveUp(): void {
    this.#self.tell({
      kind: "end",
      error: new StreamError("policy-violation", { text: "Too many unacknowledged stanzas" }),
    });
  }

  /** They have a share of their own, so that they neither end the session nor take what is for others. */
  #checkStrangers(): void {
    const { strangers, strangerBytes } = this.#outbox;
    const { unprovedMessages, unprovedBytes } = this.#node.settings;
    const part = this.#refusesStrangers ? 1 / 2 : 1;
    const refuses =
      strangers >= unprovedMessages * STRANGERS_MESSAGES * part ||
      strangerBytes >= unprovedBytes * STRANGERS_BYTES * part;
    if (refuses === this.#refusesStrangers) return;
    this.#refusesStrangers = refuses;
    this.#changed();
    if (!refuses && !this.#ended) this.#entry.delivery.tell({ kind: "flush", seenUntil: 0 });
  }

  #planProbe(): void {
    if (this.#probePlanned) return;
    // The next one goes out when this one is answered.
    if (this.#probeSentAt > 0) return this.#checkBounds();
    this.#probePlanned = true;
    this.#node.scheduler.atTurnEnd(this);
  }

  /** One outstanding probe at a time: it covers all that was sent before it. */
  turnEnded(): void {
    this.#probePlanned = false;
    if (this.#ended || this.#probeSentAt > 0) return;
    if (this.#connection === undefined || this.#outbox.length === 0) return;
    this.#sendProbe(this.#connection);
  }

  #sendProbe(connection: Connection): void {
    this.#probeSentAt = this.#node.now();
    const token = ++this.#probeToken;
    this.#outbox.probe();
    if (this.#outbox.managed) return connection.send(REQUEST);
    if (connection.probe(token)) return;
    const from = this.#jid.domain;
    connection.send(
      xml`<iq xmlns="${NS.CLIENT}" type="get" id="${PROBE_ID + token}" from="${from}" to="${this.#jid.text}"><ping xmlns="${NS.PING}"/></iq>`
        .text,
    );
  }

  probeAnswered(token: number, by: Proof = "ping"): void {
    this.#isHeard = true;
    if (token !== this.#probeToken || this.#probeSentAt === 0) return;
    this.#probeSentAt = 0;
    this.proved(this.#outbox.proved(), by);
    this.#probeOn();
  }

  /** The remaining unproved messages were sent after the answered probe. */
  #probeOn(): void {
    if (this.#outbox.tracked > 0 || this.#refusesStrangers) this.#planProbe();
  }

  // XEP-0198

  #onStreamManagement(element: ScannedElement): void {
    switch (element.name) {
      case "enable":
        return this.#onEnable(element);
      case "r":
        return this.#managed?.onRequest();
      case "a":
        this.#probeSentAt = 0;
        this.#managed?.onAcknowledgement(attribute(element, "h"));
        return this.#probeOn();
      case "resume":
        return this.#sendFailed("unexpected-request");
      default:
        throw new StreamError("unsupported-stanza-type");
    }
  }

  #sendFailed(condition: string): void {
    const inner = xml`<${condition} xmlns="${NS.STANZAS}"/>`;
    this.#connection?.send(xml`<failed xmlns="${NS.SM}">${inner}</failed>`.text);
  }

  #onEnable(element: ScannedElement): void {
    if (this.#managed !== undefined || this.#connection?.transport === "bosh") {
      return this.#sendFailed("unexpected-request");
    }
    this.#outbox.enable();
    this.#probeSentAt = 0;
    const resume = attribute(element, "resume");
    this.#managed = new ManagedStream(this, resume === "true" || resume === "1");
  }

  #onAttach(attach: Attach): void {
    if (this.#ended || this.#managed === undefined) return attach.reply({ kind: "unknown", h: undefined });
    this.#managed.attach(attach);
  }

  // For the rooms of this actor

  get node(): Node {
    return this.#node;
  }

  get jid(): Jid {
    return this.#jid;
  }

  get entry(): UserEntry {
    return this.#entry;
  }

  get outbox(): Outbox {
    return this.#outbox;
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  get address(): Extract<Address, { readonly kind: "session" }> {
    this.#address ??= { kind: "session", id: this.#self.id };
    return this.#address;
  }

  self(): OwnSessionRef {
    return this.#self;
  }

  proved(seqs: readonly number[], by: Proof): void {
    if (seqs.length > 0) this.#entry.delivery.tell({ kind: "proved", seqs, resource: this.#jid.resource, by });
    if (this.#refusesStrangers) this.#checkStrangers();
  }

  late(seqs: readonly number[]): void {
    if (seqs.length > 0) this.#entry.delivery.tell({ kind: "late", seqs, session: this.#self.id });
  }

  detach(error: StreamError): void {
    const lingering = this.#connection;
    this.#stopWaiting();
    this.#connection = undefined;
    this.#changed();
    this.#detachedAt = this.#node.now();
    lingering?.close(error);
    this.#becomeActive();
  }

  takeOver(connection: Connection): void {
    this.#connection = connection;
    this.#changed();
    this.#probeSentAt = 0;
    this.#lastHeard = this.#node.now();
    if (this.#outbox.length > 0) this.#planProbe();
  }

  // Client state (XEP-0352)

  #onClientState(name: string): void {
    if (name === "inactive") this.#clientState ??= new ClientState();
    else if (name === "active") {
      this.#becomeActive();
    } else throw new StreamError("unsupported-stanza-type");
  }

  /** Set by the client, and initially after a resumption (XEP-0352 section 5.2). */
  #becomeActive(): void {
    this.#flushHeld();
    this.#clientState = undefined;
  }

  #flushHeld(): void {
    for (const stanza of this.#clientState?.take() ?? []) this.#write(stanza, 0);
  }

  // Life

  #changed(): void {
    this.#view = undefined;
    this.#node.sessionChanged(this.#self, this.#entry.jid);
  }

  /** What it would do with a message; undefined: it is over. */
  get view(): ResourceAnswer | undefined {
    if (this.#ended) return undefined;
    this.#view ??= {
      resource: this.#jid.resource,
      available: this.#available,
      priority: this.#priority,
      connected: this.#connection !== undefined,
      refusesStrangers: this.#refusesStrangers,
    };
    return this.#view;
  }

  #onDisconnected(connection: Connection, clean: boolean): void {
    if (this.#ended || connection !== this.#connection) return;
    const ignored = clean && this.#probeSentAt > 0 && this.#node.now() - this.#probeSentAt >= IGNORED_MS;
    this.#stopWaiting();
    this.#connection = undefined;
    this.#changed();
    this.#probeSentAt = 0;
    this.#flushHeld();
    // What it held may have been too much.
    if (this.#ended) return;
    if (clean || this.#managed?.resumable !== true) return this.end(undefined, ignored);
    this.#detachedAt = this.#node.now();
    this.#checkAccount();
    this.#entry.delivery.tell({ kind: "detached" });
  }

  /** The sweep: a resumption time that is over, a probe without answer, a long silence, an `<r/>` that waits too long. */
  #onTimer(): void {
    if (this.#ended) return;
    const { resumeMs, probeTimeoutMs, idleMs } = this.#node.settings;
    const now = this.#node.now();
    // While reading is paused, silence of the client means nothing.
    if (this.#isHeard || this.#waitsFor !== undefined) {
      this.#isHeard = false;
      this.#lastHeard = now;
    }
    this.#managed?.sweep(now);
    if (this.#connection === undefined) {
      if (now - this.#detachedAt >= resumeMs) this.end(undefined);
      return;
    }
    if (this.#probeSentAt > 0 && now - Math.max(this.#probeSentAt, this.#lastHeard) >= probeTimeoutMs) {
      return this.#onSilence(this.#connection);
    }
    if (this.#probeSentAt === 0 && (this.#outbox.tracked > 0 || now - this.#lastHeard >= idleMs)) {
      this.#sendProbe(this.#connection);
    }
  }

  #onSilence(connection: Connection): void {
    this.#node.log.info("connection is dead", { jid: this.#jid.text, transport: connection.transport });
    this.#onDisconnected(connection, false);
    connection.close(new StreamError("connection-timeout"));
  }

  /** `ignored`: its client ended it in order, and had left a probe unanswered. */
  end(error: StreamError | undefined, ignored = false): void {
    if (this.#ended) return;
    this.#ended = true;
    const connection = this.#connection;
    this.#stopWaiting();
    this.#connection = undefined;
    this.#entry.backlog?.remove(this);
    connection?.close(error);
    this.#managed?.ended();
    this.#available = false;
    this.#changed();
    const unproved = this.#outbox.drain();
    for (const error of this.#requests?.take() ?? []) this.#node.route(error);
    const session = this.#self.id;
    this.#entry.user.tell({ kind: "ended", resource: this.#jid.resource, session, unproved, ignored });
    this.#node.sessionEnded(session, this.#managed?.isCounting === true);
  }

  counted(): void {
    this.#node.sessionSettled(this.#self.id);
  }
}
