/** What one delivery actor knows; its rooms, the files of this folder, share it. @module */

import type { Outcome } from "../../amp/outcome.ts";
import type { ResourceAnswer } from "../../amp/plan.ts";
import { hasBlocked } from "../../modules/blocking/block_list.ts";
import type { MessageAccount } from "../../modules/message_phases.ts";
import { SeqMap } from "../../store/seq_map.ts";
import type { StoreFault } from "../../store/store.ts";
import { Jid } from "../../xmpp/jid.ts";
import type { ReplyTo, SessionId } from "../address.ts";
import type { Node, UserEntry } from "../node.ts";
import type { Profile, ResourceEntry } from "../profile.ts";
import type { ActorRef } from "../runtime/mailbox.ts";
import type { SessionLetter } from "../session/session_letter.ts";
import type { UserLetter } from "../user/user_letter.ts";
import type { DeliveryRef } from "./delivery_letter.ts";
import type { Holder, OwnEffect } from "./holder.ts";
import { settled } from "./message_phases.ts";
import { messageAccount, type PhaseHost } from "./message_view.ts";
import { isStranger, type OfflineShares } from "./offline_shares.ts";
import { RecentSeqs } from "./recent_seqs.ts";
import type { Tracked } from "./tracked.ts";

export interface DeliveryStart {
  readonly entry: UserEntry;
  readonly profile: Profile;
  readonly hasPending: boolean;
}

/** Offline delivery under way (XEP-0160). */
export interface Flush {
  /** The last row that has been read. */
  after: number;
  /** Offered and not yet proved. */
  readonly open: Set<number>;
  /** Archived rows up to here have been read by the device. */
  seenUntil: number;
  /** Sessions that wait to be resumed: what they hold is offered as well. */
  detached: ReadonlySet<SessionId>;
  /** When the last window went out, milliseconds since 1970. */
  offeredAt: number;
  /** Rows read and left where they are: nobody may have them now. */
  left: number;
}

/** A message without a row that comes after older ones from storage. */
export interface Behind {
  readonly seq: number;
  send(): void;
}

const NOBODY: readonly SessionId[] = [];
const NONE_DETACHED: ReadonlySet<SessionId> = new Set();
/** Messages without a row that may wait behind those from storage. */
const MAX_BEHIND = 1000;
/** How many are remembered at least. */
const PROVED_EVENTS = 500;

/** A client that has not sent presence by then may be one that never does. */
export const PRESENCE_DUE_MS = 2000;

export class DeliveryState implements Holder, PhaseHost {
  readonly node: Node;
  readonly owner: Jid;
  readonly domain: Jid;
  readonly user: ActorRef<UserLetter>;
  readonly #self: DeliveryRef;
  profile: Profile;
  readonly inFlight = new SeqMap<Tracked>();
  /** Messages for which a step has asked for a new plan; taken by on_events.ts within the same letter. */
  toPlan: { readonly tracked: Tracked; readonly forward: boolean }[] = [];
  /** Rows whose receipt was proved within this letter. */
  toSettle: number[] = [];
  /** Rows wait that a flush would offer. */
  hasPending: boolean;
  /** Rows wait that the last flush had to leave where they are, or a session without connection holds some. */
  heldBack = false;
  /** Who holds how much of the rows that wait, counted from the first time that it matters. */
  shares: OfflineShares | undefined;
  /** What strangers have sent waits until sessions take it again: what they send now comes after it. */
  strangersWait = false;
  flush: Flush | undefined;
  /** Since when the flush for a resource that became available is awaited; 0: it is not. Milliseconds since 1970. */
  flushDue = 0;
  /** Since when a resource that was bound while rows wait has owed its presence; 0: none does. Milliseconds since 1970. */
  presenceDue = 0;
  /** Messages that came while older ones were under way from storage, and come from there themselves: modules learn of it then. */
  fresh: Set<number> | undefined;
  /** Messages without a row that come after older ones from storage, in order; undefined: there are none. */
  behind: Behind[] | undefined;
  /** Messages that the account has sent, whose rows of its own archive no commit has taken yet: who counts them. */
  readonly sent = new SeqMap<ReplyTo>();
  /** Subscription stanzas and probes that the user actor is at work on. */
  applying = 0;
  /** Events from the log whose receipt was proved lately: their envelopes may still be on the way here. */
  #provedEvents: RecentSeqs | undefined;
  /** Sessions that are over, while the profile still has them; undefined: none is. */
  #dead: Set<SessionId> | undefined;
  /** What modules see of the account; made of the profile when one does. */
  #account: MessageAccount | undefined;
  /** Sessions that took what waits when they were last asked. */
  #takers: readonly SessionId[] = NOBODY;

  readonly #carryOutOwn: (state: DeliveryState, tracked: Tracked, effect: OwnEffect) => void;

  /** `carryOutOwn`: what an effect does to an account. It is given, since its file needs this one. */
  constructor(
    node: Node,
    start: DeliveryStart,
    carryOutOwn: (state: DeliveryState, tracked: Tracked, effect: OwnEffect) => void,
  ) {
    this.#carryOutOwn = carryOutOwn;
    this.node = node;
    this.owner = start.entry.jid;
    this.domain = Jid.parse(this.owner.domain);
    this.user = start.entry.user;
    this.#self = start.entry.delivery;
    this.profile = start.profile;
    this.hasPending = start.hasPending && node.settings.offline;
  }

  self(): DeliveryRef {
    return this.#self;
  }

  settled(tracked: Tracked, outcome: Outcome): void {
    settled(this, tracked, outcome);
  }

  moved({ seq, flight }: Tracked, isOver: boolean): void {
    if (isOver || flight.stage.kind !== "offered") this.flush?.open.delete(seq);
  }

  carryOutOwn(tracked: Tracked, effect: OwnEffect): void {
    this.#carryOutOwn(this, tracked, effect);
  }

  /** Nothing is under way. */
  get quiet(): boolean {
    return this.inFlight.size === 0 && this.flush === undefined && this.behind === undefined;
  }

  get account(): MessageAccount {
    this.#account ??= messageAccount(this.node, this.owner, this.profile);
    return this.#account;
  }

  /** Whether a message may wait for this user. */
  get offline(): boolean {
    return this.node.settings.offline && this.profile.persistent;
  }

  /** Whether a resource is there for what waits. */
  get ready(): boolean {
    return this.answers().some(takesWaiting);
  }

  /** Older messages come from storage first. */
  get comesBehind(): boolean {
    return this.flush !== undefined || this.flushDue > 0;
  }

  /**
   * Whether these are one resource that is about to say whether it is there: then what waits comes first, and after it what
   * is for that resource anyway. Where it has said so and other messages stand behind, this one comes after them.
   */
  awaitsPresence(resources: readonly string[]): boolean {
    if (!this.isPresenceDue || resources.length !== 1 || !(this.hasPending || this.heldBack)) return false;
    return this.behind !== undefined || this.viewOf(this.resource(resources[0]!))?.available === false;
  }

  /** A resource that was bound lately may not have told whether it is there, or the account's profile not yet that it has. */
  get isPresenceDue(): boolean {
    return this.presenceDue > 0 && this.node.now() - this.presenceDue < PRESENCE_DUE_MS;
  }

  resource(name: string): ResourceEntry | undefined {
    const { resources } = this.profile;
    for (let i = 0; i < resources.length; i++) {
      const entry = resources[i]!;
      if (entry.resource === name) return this.isDead(entry) ? undefined : entry;
    }
    return undefined;
  }

  /**
   * What the resource actors would do with a message now (XEP-0079 match-resource). A session tells of its presence before the
   * account's profile does: where it has just become ready for what waits, nothing may overtake that.
   */
  answers(): readonly ResourceAnswer[] {
    const answers: ResourceAnswer[] = [];
    const takers: SessionId[] = [];
    for (const entry of this.profile.resources) {
      const view = this.viewOf(entry);
      if (view === undefined || this.isDead(entry)) continue;
      answers.push(view);
      if (takesWaiting(view)) takers.push(entry.session);
    }
    const isNew = takers.some((id) => !this.#takers.includes(id));
    this.#takers = takers;
    if (isNew && this.#hasOlder()) this.flushDue = this.node.now();
    return answers;
  }

  /** A resource was bound: what waits comes before anything newer. */
  awaitPresence(): void {
    if (this.#hasOlder()) this.presenceDue = this.node.now();
  }

  /** Messages wait in storage, or with a session that has lost its connection. */
  #hasOlder(): boolean {
    if (this.hasPending || this.heldBack) return true;
    this.heldBack = this.detached.size > 0;
    return this.heldBack;
  }

  /** The sessions without connection; none where nothing is unproved or no other session is there. */
  get detached(): ReadonlySet<SessionId> {
    const { resources } = this.profile;
    if (resources.length < 2 || this.inFlight.size === 0) return NONE_DETACHED;
    const detached = resources.filter((entry) => this.viewOf(entry)?.connected === false);
    return detached.length === 0 ? NONE_DETACHED : new Set(detached.map(({ session }) => session));
  }

  /** What its session would do with a message; undefined: the session is over. */
  viewOf(entry: ResourceEntry | undefined): ResourceAnswer | undefined {
    return entry && this.node.session(entry.session)?.view;
  }

  isDead({ session }: ResourceEntry): boolean {
    return this.#dead?.has(session) === true;
  }

  /** A session is over, and the profile still has it. */
  noteDead(session: SessionId): void {
    this.#dead ??= new Set();
    this.#dead.add(session);
  }

  /** The profile has that session, and its end is not known here. */
  isLive(session: SessionId): boolean {
    return this.profile.resources.some((entry) => entry.session === session && !this.isDead(entry));
  }

  /** The live sessions of these resources. */
  sessionsOf(resources: readonly string[]): readonly SessionId[] {
    const sessions: SessionId[] = [];
    for (const name of resources) {
      const entry = this.resource(name);
      if (entry !== undefined) sessions.push(entry.session);
    }
    return sessions;
  }

  resourcesOf(sessions: readonly SessionId[]): readonly string[] {
    const names: string[] = [];
    for (const { session, resource } of this.profile.resources) if (sessions.includes(session)) names.push(resource);
    return names;
  }

  /** One of these sessions has a connection, so that its client may have received what it was sent. */
  isConnected(sessions: readonly SessionId[]): boolean {
    return sessions.some((id) => this.node.session(id)?.view?.connected !== false);
  }

  tellSessions(sessions: readonly SessionId[], letter: SessionLetter): void {
    for (let i = 0; i < sessions.length; i++) this.tellSession(sessions[i]!, letter);
  }

  /** A message for a session that is over comes back, as the session itself would have sent it back. */
  tellSession(id: SessionId, letter: SessionLetter): void {
    const session = this.node.session(id);
    if (session !== undefined) return session.tell(letter);
    if (letter.kind === "deliver" && letter.seq > 0) {
      this.self().tell({ kind: "unproved", seqs: [letter.seq], session: id });
    }
  }

  /** The new one has got rid of sessions that are over. */
  renewProfile(profile: Profile): void {
    this.profile = profile;
    this.#account = undefined;
    if (this.#dead === undefined) return;
    const left = profile.resources.filter((entry) => this.isDead(entry)).map((entry) => entry.session);
    this.#dead = left.length === 0 ? undefined : new Set(left);
  }

  /** Those of the sessions that take a message of that sender. */
  openTo(sender: Jid, answers: readonly ResourceAnswer[]): readonly ResourceAnswer[] {
    if (!this.strangersWait && !answers.some(({ refusesStrangers }) => refusesStrangers)) return answers;
    this.offerStrangers();
    if (!this.isStranger(sender)) return answers;
    return this.strangersWait ? [] : answers.filter(({ refusesStrangers }) => !refusesStrangers);
  }

  isStranger(sender: Jid): boolean {
    return isStranger(sender.bare.text, { owner: this.owner, contacts: this.profile.contacts });
  }

  get refusesStrangers(): boolean {
    return this.profile.resources.some((entry) => this.viewOf(entry)?.refusesStrangers === true);
  }

  /** What waits of strangers is offered once all sessions take it. */
  offerStrangers(): void {
    if (!this.strangersWait || this.flush !== undefined || this.flushDue > 0 || this.refusesStrangers) return;
    this.self().tell({ kind: "flush", seenUntil: 0 });
  }

  isBlocked(from: Jid): boolean {
    return hasBlocked(this.account, from);
  }

  noteFresh(seq: number): void {
    this.fresh ??= new Set();
    this.fresh.add(seq);
  }

  /** Remembers an event whose receipt is proved, among the latest. */
  noteProvedEvent(seq: number): void {
    this.#provedEvents ??= new RecentSeqs(PROVED_EVENTS);
    this.#provedEvents.add(seq);
  }

  isProvedEvent(seq: number): boolean {
    return this.#provedEvents?.has(seq) === true;
  }

  /** Sends after older messages what has no row; false where there are too many of them already. */
  putBehind(behind: Behind): boolean {
    this.behind ??= [];
    if (this.behind.length >= MAX_BEHIND) return false;
    this.behind.push(behind);
    return true;
  }

  /** The same in any order, and however many. */
  putAmongBehind(added: readonly Behind[]): void {
    if (added.length === 0) return;
    this.behind = [...(this.behind ?? []), ...added].sort((one, other) => one.seq - other.seq);
  }

  /** Sends those that stand behind rows older than `before`. */
  sendBehind(before: number): void {
    while (this.behind !== undefined && this.behind[0]!.seq < before) {
      const { send } = this.behind.shift()!;
      if (this.behind.length === 0) this.behind = undefined;
      send();
    }
  }

  /** A message was refused since too many wait; the operator hears of it now and then. */
  noteFull(sender: Jid): void {
    const { log, notices } = this.node;
    if (!notices.isDue(`offline storage ${this.owner.text}`)) return;
    log.warn("offline storage is full", { account: this.owner.text, sender: sender.bare.text });
  }

  /** A message goes its way, but the account's archive will not have it: nobody else is told. */
  noteUnkept({ kind, message }: StoreFault): void {
    const { log, notices } = this.node;
    if (!notices.isDue(`unkept ${this.owner.text}`)) return;
    log.error("cannot keep message in archive", { account: this.owner.text, fault: kind, message });
  }

  /** One more row waits, or one less; as long as somebody counts. */
  count({ stanza }: Tracked, isWaiting: boolean): void {
    this.shares?.count(stanza.from!.bare.text, stanza.size, isWaiting ? 1 : -1);
  }
}

/** RFC 6121 section 8.5.2: a resource of negative priority gets nothing that is for the account. */
export function takesWaiting(entry: { readonly available: boolean; readonly priority: number }): boolean {
  return entry.available && entry.priority >= 0;
}
