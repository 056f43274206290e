/**
 * The actor system: joins the actors into one Node, routes stanzas, and is the SessionService of the transports.
 * @module
 */
import type { Outcome } from "../amp/outcome.ts";
import { createMemory } from "../modules/memory.ts";
import type { ServerContext } from "../modules/module.ts";
import { PASSWORD_CHANGES } from "../modules/passwords.ts";
import type { Registry } from "../modules/registry.ts";
import { SequenceClock } from "../store/sequence.ts";
import { StanzaIds } from "../store/stanza_id.ts";
import type { AsyncStore, Store, StoreFault, StoreStart, WaitingSummary } from "../store/store.ts";
import { StreamError } from "../xmpp/errors.ts";
import { Jid } from "../xmpp/jid.ts";
import type { Log } from "../xmpp/log.ts";
import { NS } from "../xmpp/ns.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import { Accounts } from "./accounts.ts";
import type { Address, DirectoryLetter, ReplyTo, SessionId, WaiterLetter } from "./address.ts";
import { ArchiveRetention } from "./archive_retention.ts";
import { type Census, countSessions, longest } from "./census.ts";
import { Congestion } from "./congestion.ts";
import type { DeliveryLetter, Envelope } from "./delivery/delivery_letter.ts";
import type { Destination, DestinationContext, QueuedDomain } from "./destination.ts";
import { envelope } from "./envelope.ts";
import type { ExpiryLetter } from "./expiry_actor.ts";
import { ExpiryActor } from "./expiry_actor.ts";
import { type Explained, explain } from "./explain.ts";
import { HandedMessages } from "./handed_messages.ts";
import type { Hop, HopOptions } from "./hop/hop.ts";
import type { HopLetter } from "./hop/hop_letter.ts";
import { HopActor } from "./hop_actor.ts";
import { finishUnderRules } from "./judge.ts";
import { readFrame, writeFrame } from "./letter_codec.ts";
import { Meters } from "./meters.ts";
import type { Node, NodeSettings, RouteOptions, UserEntry } from "./node.ts";
import { NowAndThen } from "./now_and_then.ts";
import { ALONE, type Peers, processOf } from "./peers.ts";
import { type Letters, sendAccepted, tellFinding } from "./post.ts";
import { Router, refuse } from "./router.ts";
import { type ActorKind, Mailbox } from "./runtime/mailbox.ts";
import { Scheduler } from "./runtime/scheduler.ts";
import { unanswered } from "./session/open_requests.ts";
import type { OwnSessionRef, SessionLetter, SessionRef } from "./session/session_letter.ts";
import { SessionDirectory } from "./session_directory.ts";
import { reportSession, type SessionReport } from "./session_report.ts";
import type { BindRequest, ResumeResult, SessionHandle, SessionService } from "./session_service.ts";
import { askStore } from "./store/ask_store.ts";
import { refuseAtEnd, StoreActor } from "./store_actor.ts";
import type { StoreMessage } from "./store_letter.ts";
import { StreamRegistry } from "./stream_registry.ts";
import { Timelines, timelineOf } from "./timelines.ts";
import type { UserLetter } from "./user/user_letter.ts";
import { UserDirectory, userKinds } from "./user_directory.ts";
import { Waiters } from "./waiters.ts";

export interface SystemStart {
  readonly settings: NodeSettings;
  readonly registry: Registry;
  readonly store: Store;
  readonly log: Log;
  readonly meters?: Meters;
  /** The destinations of other domains, in the order in which they are asked. */
  readonly destinations: readonly Destination[];
  /** The processes that share the accounts with this one; none unless given. */
  readonly peers?: Peers;
  now(): number;
  newId(): string;
  schedule(ms: number, task: () => void): () => void;
}

/** Time for which the count of a stream that was not resumed is kept. */
const STREAM_MEMORY_MS = 86_400_000;
const PRUNE_MS = 3_600_000;
/** Timelines removed in one transaction. */
/** Other servers whose last messages are known. */
const MOST_SERVERS_KNOWN = 1000;
const PRUNED_AT_ONCE = 100;
/** No stream has this id, and no client can resume it: it belongs to no account. */
const PROBE_STREAM = "store-probe";

export class ActorSystem implements Node, SessionService {
  readonly settings: NodeSettings;
  readonly registry: Registry;
  readonly log: Log;
  readonly meters: Meters;
  readonly notices: NowAndThen;
  readonly scheduler: Scheduler;
  readonly congestion: Congestion;
  readonly context: ServerContext;
  readonly store: Mailbox<StoreMessage>;
  readonly database: AsyncStore;
  readonly streams: StreamRegistry;
  readonly peers: Peers;
  readonly timelines: Timelines;
  readonly #start: SystemStart;
  readonly #expiry: Mailbox<ExpiryLetter>;
  readonly #retention: ArchiveRetention;
  readonly #users: UserDirectory;
  readonly #hops = new Map<string, Mailbox<HopLetter>>();
  readonly #handed: HandedMessages;
  /** Those opened by the first message for their domain. */
  readonly #onDemand = new Map<string, QueuedDomain>();
  readonly #router: Router;
  readonly #domains: ReadonlySet<string>;
  /** Callers in this process that wait for an answer. */
  readonly waiters = new Waiters();
  readonly #sessions: SessionDirectory;
  #seqs: SequenceClock;
  #ids: StanzaIds;
  #turn = 0;
  #isStopped = false;
  #cancelSweep: (() => void) | undefined;
  #cancelPruning: (() => void) | undefined;

  constructor(start: SystemStart, opened: StoreStart) {
    this.#start = start;
    this.peers = start.peers ?? ALONE;
    this.scheduler = new Scheduler(start.now);
    this.settings = start.settings;
    this.registry = start.registry;
    this.log = start.log;
    this.meters = start.meters ?? new Meters();
    this.notices = new NowAndThen(start.now);
    this.#domains = new Set(start.settings.domains);
    this.#seqs = new SequenceClock(opened.lastSeq, start.now, this.peers);
    this.#ids = new StanzaIds(opened.idKey);
    this.streams = new StreamRegistry(start.newId, () => this.store.tell({ kind: "counts" }));
    this.congestion = new Congestion((task) => start.schedule(0, task));
    this.store = this.#startStore(start);
    this.timelines = new Timelines({
      ...start,
      tracking: start.settings.tracking,
      store: () => this.store,
      atTurnEnd: (waiting) => this.scheduler.atTurnEnd(waiting),
      tellOthers: () => this.#toOthers({ kind: "steps" }),
    });
    this.database = askStore(this.store, (name) => this.#renew(Jid.parse(name)));
    this.context = this.#createContext();
    this.#sessions = new SessionDirectory(this, this.waiters);
    this.#handed = new HandedMessages({ ...start, accepted: (replyTo) => sendAccepted(this, replyTo) });
    this.#router = new Router(this, new Accounts(this), start.destinations, this.#handed);
    this.#users = new UserDirectory(
      this,
      userKinds(() => this),
    );
    this.#retention = new ArchiveRetention({
      ...start,
      store: this.database,
      keepMs: start.settings.archiveKeepMs,
      keepMessages: start.settings.archiveKeepMessages,
    });
    this.#expiry = new Mailbox<ExpiryLetter>(serverKind("ExpiryActor", start.log), this.scheduler);
    this.#expiry.start(
      new ExpiryActor(
        () => this,
        () => this.#expiry,
      ),
    );
  }

  /** What destinations may use. */
  #destinationContext(): DestinationContext {
    return {
      log: this.log,
      now: () => this.now(),
      newId: () => this.newId(),
      route: (stanza) => this.route(stanza),
      finish: (envelope, outcome) => {
        this.#handed.remove(envelope);
        finishUnderRules(this, envelope, outcome);
      },
      queue: (envelope) => {
        this.#handed.remove(envelope);
        this.send({ kind: "hop", domain: envelope.stanza.to!.domain }, envelope);
      },
      receive: (stanza, isReport, handled) => this.#receiveStanza(stanza, isReport, handled),
      arrivals: {
        load: () => this.database.arrivals(),
        keep: (arrived) => this.database.putArrivals(arrived, MOST_SERVERS_KNOWN),
      },
      schedule: (ms, task) => this.schedule(ms, task),
      reachable: (domain) => this.#hops.get(domain)?.tell({ kind: "reachable" }),
      explainHop: (domain, envelope) => this.send({ kind: "hop", domain }, { kind: "explain", envelope }),
      openHop: (domain, hop, options) => {
        const put = this.#openHop(domain, hop, options);
        return (envelope) => {
          this.#handed.remove(envelope);
          put(envelope);
        };
      },
    };
  }

  #openHop(domain: string, hop: Hop, options: HopOptions): (envelope: Envelope) => void {
    const to = { kind: "hop", domain } as const;
    if (this.peers.ownerOf(Jid.parse(domain)) !== this.peers.own) return (envelope) => this.send(to, envelope);
    const mailbox = this.#startHop(domain, { hop, options });
    return (envelope) => mailbox.tell(envelope);
  }

  #startHop(domain: string, { hop, options }: Pick<QueuedDomain, "hop" | "options">): Mailbox<HopLetter> {
    const mailbox: Mailbox<HopLetter> = new Mailbox(serverKind("HopActor", this.log), this.scheduler);
    mailbox.start(new HopActor(this, { domain, hop, options, self: () => mailbox }));
    this.#hops.set(domain, mailbox);
    mailbox.tell({ kind: "start" });
    return mailbox;
  }

  #tellHop(domain: string, letter: HopLetter): void {
    const known = this.#hops.get(domain);
    if (known !== undefined) return known.tell(letter);
    const queued = this.#isStopped ? undefined : (this.#router.hop(domain) ?? this.#hopAfterIdle(domain));
    if (queued !== undefined) {
      const mailbox = this.#startHop(domain, queued);
      this.#onDemand.set(domain, queued);
      return mailbox.tell(letter);
    }
    if (letter.kind === "stanza") refuse(this, letter, "resource-constraint");
    else if (letter.kind === "explain") {
      tellFinding(this, letter.envelope, { kind: "refused", condition: "resource-constraint" });
    }
  }

  /** There is no room for another queue, unless one of them is empty. */
  #hopAfterIdle(domain: string): QueuedDomain | undefined {
    for (const [each, { closed }] of this.#onDemand) {
      const mailbox = this.#hops.get(each)!;
      if (mailbox.length > 0 || (mailbox.actor as HopActor | undefined)?.isEmpty !== true) continue;
      mailbox.stop();
      this.#hops.delete(each);
      this.#onDemand.delete(each);
      closed();
    }
    return this.#router.hop(domain);
  }

  /** Messages that waited for other servers go on. */
  #openHops(): void {
    if (this.#start.destinations.every(({ hop }) => hop === undefined)) return;
    this.database.waitingOwners().then(
      (domains) => {
        for (const domain of domains) {
          const isOwn = this.peers.ownerOf(Jid.parse(domain)) === this.peers.own;
          if (isOwn && this.isRemote(domain) && !this.#hops.has(domain)) this.#tellHop(domain, { kind: "start" });
        }
      },
      (error: StoreFault) => this.log.error("cannot read which domains messages wait for", { fault: error.kind }),
    );
  }

  /** From another server. What is no message is handled once it is on its way. */
  #receiveStanza(stanza: Stanza, isReport: boolean, handled: () => void): void {
    if (stanza.name !== "message") {
      this.route(stanza);
      return handled();
    }
    // What is told of its rules lies in that queue, in the transaction that makes it true.
    const { domain } = stanza.from!;
    if (stanza.has("amp", NS.AMP) && !this.#hops.has(domain)) this.send({ kind: "hop", domain }, { kind: "start" });
    const ticket = this.waiters.add((letter) => {
      if (letter.kind !== "accepted") return;
      this.waiters.remove(ticket);
      handled();
    });
    const replyTo: ReplyTo = { to: { kind: "waiter", process: this.peers.own }, ticket, waits: false };
    this.route(stanza, { replyTo, notice: isReport });
    // The other server waits for it, and sends nothing more to this address until then.
    this.store.tell({ kind: "hurry" });
  }

  /** Overdue deadlines fire, and the sweep begins. */
  run(): void {
    this.peers.listen((frame) => this.#receive(frame));
    const context = this.#destinationContext();
    for (const destination of this.#start.destinations) destination.start?.(context);
    this.#openHops();
    this.#prune();
    this.#expiry.tell({ kind: "due" });
    this.#retention.run();
    const { probeTimeoutMs, resumeMs, idleMs } = this.settings;
    const interval = Math.max(20, Math.min(1000, probeTimeoutMs / 4, idleMs / 4, resumeMs > 0 ? resumeMs / 4 : 1000));
    const sweep = () => {
      this.scheduler.turn(() => {
        for (const session of this.#sessions.own) session.tell({ kind: "timer" });
        this.#users.sweep(this.#sessions.accountsElsewhere());
      });
      this.#cancelSweep = this.schedule(interval, sweep);
    };
    this.#cancelSweep = this.schedule(interval, sweep);
  }

  /** Now, and again and again: every stream that may be resumed leaves a count behind, every tracked message a timeline. */
  #prune(): void {
    this.database.pruneStreams(this.now() - STREAM_MEMORY_MS).catch((error: StoreFault) => {
      this.log.error("cannot prune stream counts", { fault: error.kind, message: error.message });
    });
    this.#pruneTimelines().catch((error: StoreFault) => {
      this.log.error("cannot prune timelines", { fault: error.kind, message: error.message });
    });
    this.#cancelPruning = this.schedule(PRUNE_MS, () => this.#prune());
  }

  async #pruneTimelines(): Promise<void> {
    const before = this.now() - this.settings.outcomesKeepMs;
    for (let gone = PRUNED_AT_ONCE; gone === PRUNED_AT_ONCE; ) {
      gone = await this.database.pruneTimelines(before, PRUNED_AT_ONCE);
    }
  }

  /** Ends all sessions; resolves when what they left has been committed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelSweep?.();
    this.#cancelPruning?.();
    this.#retention.stop();
    const shutdown = new StreamError("system-shutdown");
    this.scheduler.turn(() => {
      this.#users.endAll(shutdown);
      // Also those of accounts that another process owns.
      for (const session of this.#sessions.own) session.tell({ kind: "end", error: shutdown });
    });
    this.#expiry.stop();
    for (const destination of this.#start.destinations) destination.stop?.();
    this.#handed.stop();
    for (const hop of this.#hops.values()) (hop.actor as HopActor | undefined)?.halt();
    await this.#flushStore();
  }

  /** The last connection is closed: its results are written, and nothing after them. */
  async close(): Promise<void> {
    await this.#flushStore();
    for (const hop of this.#hops.values()) hop.stop();
    this.store.stop();
    this.waiters.end();
  }

  /** The effects of one commit or read may need another. */
  async #flushStore(): Promise<void> {
    try {
      for (let round = 0; round < 3; round++) {
        await this.#commitAll();
        await this.database.nextDeadline();
      }
    } catch (error) {
      const { kind, message } = error as StoreFault;
      this.log.error("cannot flush the store", { fault: kind, message });
    }
  }

  #commitAll(): Promise<unknown> {
    return new Promise((resolve, reject) => this.store.tell({ kind: "calls", calls: [], resolve, reject }));
  }

  hold(): void {
    this.scheduler.hold();
  }

  handle(): void {
    this.scheduler.handle();
  }

  turnOver(): void {
    this.#turn++;
  }

  get turn(): number {
    return this.#turn;
  }

  get seqs(): SequenceClock {
    return this.#seqs;
  }

  get sessionCount(): number {
    return this.#sessions.own.size;
  }

  /** Those of this process; of one account, or all. */
  sessionReports(account?: Jid): readonly SessionReport[] {
    return [...this.#sessionsOf(account)].flatMap(reportSession);
  }

  /** Ends the sessions of a bare JID, or that of a full one. Tells which ones were there. */
  closeSessions(jid: Jid, error: StreamError): readonly SessionReport[] {
    const closed: SessionReport[] = [];
    for (const session of this.#sessionsOf(jid.bare)) {
      const report = reportSession(session);
      if (!jid.isBare && report[0]?.resource !== jid.resource) continue;
      closed.push(...report);
      session.tell({ kind: "end", error });
    }
    return closed;
  }

  *#sessionsOf(account: Jid | undefined): Iterable<OwnSessionRef> {
    for (const session of this.#sessions.own) {
      if (account === undefined || session.account.text === account.text) yield session;
    }
  }

  census(): Census {
    const { own } = this.#sessions;
    return {
      sessions: countSessions(own),
      mailboxes: {
        session: longest(own),
        ...this.#users.longest,
        hop: longest(this.#hops.values()),
        store: this.store.length,
        expiry: this.#expiry.length,
      },
    };
  }

  waitingSummary(): Promise<WaitingSummary> {
    return this.database.waitingSummary(this.now());
  }

  /** Has the store commit a small write. Rejects with a StoreFault. */
  async probeStore(): Promise<void> {
    await this.database.putStreams([{ id: PROBE_STREAM, account: this.settings.domains[0]!, h: 0, at: this.now() }]);
  }

  stanzaId(seq: number): string {
    return this.#ids.encode(seq);
  }

  now(): number {
    return this.#start.now();
  }

  newId(): string {
    return this.#start.newId();
  }

  schedule(ms: number, task: () => void): () => void {
    return this.#start.schedule(ms, task);
  }

  isLocal(domain: string): boolean {
    return this.#domains.has(domain);
  }

  isRemote(domain: string): boolean {
    return !this.isLocal(domain) && this.#router.isRemote(domain);
  }

  serves(domain: string): boolean {
    return this.#router.serves(domain);
  }

  user(bare: Jid): UserEntry {
    return this.#users.get(bare);
  }

  activeUser(bare: Jid): UserEntry | undefined {
    return this.#users.find(bare);
  }

  session(id: SessionId): SessionRef | undefined {
    return this.#sessions.get(id);
  }

  sessionBound(id: SessionId, jid: Jid): void {
    this.#sessions.bound(id, jid);
  }

  sessionChanged({ id, view }: SessionRef, account: Jid): void {
    const owner = this.peers.ownerOf(account);
    if (owner !== this.peers.own) this.send({ kind: "directory", process: owner }, { kind: "view", session: id, view });
  }

  sessionEnded(id: SessionId, counts: boolean): void {
    this.#sessions.ended(id, counts);
  }

  sessionSettled(id: SessionId): void {
    this.#sessions.settled(id);
  }

  // Letters

  send<Kind extends keyof Letters>(to: Extract<Address, { readonly kind: Kind }>, letter: Letters[Kind]): void;
  send(to: Address, letter: Letters[keyof Letters]): void {
    const process = this.#processOf(to);
    if (process === this.peers.own) this.#deliver(to, letter);
    else this.peers.carry(process, writeFrame({ to, letter }));
  }

  #processOf(to: Address): number {
    switch (to.kind) {
      case "session":
        return processOf(to.id);
      case "user":
      case "delivery":
        return this.peers.ownerOf(to.jid);
      case "hop":
        return this.peers.ownerOf(Jid.parse(to.domain));
      case "waiter":
      case "directory":
        return to.process;
      default:
        return to satisfies never;
    }
  }

  #receive(frame: string): void {
    const { to, letter } = readFrame(frame);
    this.#deliver(to, letter);
  }

  #deliver(to: Address, letter: Letters[keyof Letters]): void {
    switch (to.kind) {
      case "session":
        return this.#tellSession(to.id, letter as SessionLetter);
      case "user":
        return this.#users.get(to.jid).user.tell(letter as UserLetter);
      case "delivery":
        return this.#users.get(to.jid).delivery.tell(letter as DeliveryLetter);
      case "hop":
        return this.#tellHop(to.domain, letter as HopLetter);
      case "waiter":
        return this.#tellWaiter(letter as WaiterLetter);
      case "directory":
        return this.#tellDirectory(letter as DirectoryLetter);
      default:
        to satisfies never;
    }
  }

  /** A session that is over still counts what its client has sent; what was for its client comes back. */
  #tellSession(id: SessionId, letter: SessionLetter): void {
    const session = this.#sessions.receiver(id, letter);
    if (session !== undefined) return session.tell(letter);
    if (letter.kind !== "deliver") return;
    const { stanza, seq } = letter;
    const isRequest = stanza.name === "iq" && (stanza.type === "get" || stanza.type === "set");
    if (isRequest) this.route(unanswered(stanza));
    if (seq > 0) this.send({ kind: "delivery", jid: stanza.to!.bare }, { kind: "unproved", seqs: [seq], session: id });
  }

  #tellDirectory(letter: DirectoryLetter): void {
    switch (letter.kind) {
      case "view":
        return this.#sessions.told(letter.session, letter.view);
      case "remove":
        return this.#users.remove(letter.account);
      case "renew":
        return this.#users.renew(letter.account);
      case "end-sessions":
        this.context.serverMemory.get(PASSWORD_CHANGES).note(letter.account);
        return this.#users.endSessions(letter.account, letter.except);
      case "steps":
        return this.timelines.changedElsewhere();
      default:
        letter satisfies never;
    }
  }

  /** An account was created; called before any other listener. */
  #renew(account: Jid): void {
    this.#users.renew(account);
    this.#toOthers({ kind: "renew", account });
  }

  #toOthers(letter: DirectoryLetter): void {
    for (let process = 0; process < this.peers.count; process++) {
      if (process !== this.peers.own) this.send({ kind: "directory", process }, letter);
    }
  }

  #tellWaiter(letter: WaiterLetter): void {
    if (!this.waiters.take(letter) && letter.kind === "bound") this.#sessions.abandoned(letter);
  }

  // Routing (RFC 6120 section 10)

  route(stanza: Stanza, options: RouteOptions = {}): void {
    this.dispatch(envelope(stanza, options));
  }

  dispatch(envelope: Envelope): void {
    this.#router.dispatch(envelope);
  }

  /**
   * Opens the timeline of a message of the application. Where another process may write its steps, and tell of them, resolves after the
   * commit.
   */
  openTimeline(stanza: Stanza, id: string): undefined | Promise<unknown> {
    if (this.peers.count > 1) return this.database.openTimeline(timelineOf(stanza, id, this.now()));
    this.timelines.open(stanza, id);
    return undefined;
  }

  /** Sends a message for the application; resolves with its first outcome. */
  submit(
    stanza: Stanza,
    timeline: string | undefined,
    outcome: (outcome: Outcome) => void,
    failed: (error: Error) => void,
  ): void {
    const ended = () => failed(new Error("Cannot tell outcome: the server has stopped"));
    const ticket = this.waiters.add((letter) => {
      if (letter.kind !== "outcome") return;
      this.waiters.remove(ticket);
      outcome(letter.outcome);
    }, ended);
    const replyTo: ReplyTo = { to: { kind: "waiter", process: this.peers.own }, ticket, waits: true, timeline };
    const from = stanza.from!;
    const isAccount = from.local !== "" && this.isLocal(from.domain);
    if (!isAccount) return this.route(stanza, { replyTo });
    this.send({ kind: "delivery", jid: from.bare }, { kind: "outgoing", stanza, session: undefined, replyTo });
  }

  /** What would become of a message of the application. Rejects where no answer comes. */
  explain(stanza: Stanza): Promise<Explained> {
    return explain(this, this.waiters, (asked, forward) => this.#router.explain(asked, forward), stanza);
  }

  // SessionService

  bind(request: BindRequest): Promise<SessionHandle> {
    return this.#sessions.bind(request);
  }

  async resume(request: Parameters<SessionService["resume"]>[0]): Promise<ResumeResult> {
    const record = this.streams.find(request.account, request.previd);
    if (record === undefined) return { kind: "unknown", h: await this.#countBeforeRestart(request) };
    if (record.session === undefined) return { kind: "unknown", h: record.h };
    const { connection, h } = request;
    const { session } = record;
    return new Promise((reply) => session.tell({ kind: "attach", connection, h, reply }));
  }

  async #countBeforeRestart(request: { readonly account: Jid; readonly previd: string }): Promise<number | undefined> {
    const count = await this.database.stream(request.previd);
    return count?.account === request.account.text ? count.h : undefined;
  }

  // Parts

  #startStore(start: SystemStart): Mailbox<StoreMessage> {
    const kind: ActorKind<StoreMessage> = {
      ...serverKind("StoreActor", start.log),
      dead: refuseAtEnd,
    };
    const mailbox: Mailbox<StoreMessage> = new Mailbox(kind, this.scheduler);
    mailbox.start(
      new StoreActor({
        store: start.store,
        log: start.log,
        notices: this.notices,
        meters: this.meters,
        now: start.now,
        delayMs: start.settings.pendingDelayMs,
        schedule: start.schedule,
        self: () => mailbox,
        takeStreamCounts: () => this.streams.takeCounts(start.now()),
        deadline: (at) => this.#expiry.tell({ kind: "deadline", at }),
        waiting: (calls, units) => this.congestion.set(calls, units),
      }),
    );
    return mailbox;
  }

  async #setForward(account: Jid, to: Jid | undefined): Promise<boolean> {
    if ((await this.database.credentials(account.text)) === undefined) return false;
    await this.database.setForward(account.text, to?.text);
    this.send({ kind: "user", jid: account }, { kind: "forward", to });
    return true;
  }

  #createContext(): ServerContext {
    const { settings, registry, log, database } = this;
    return {
      settings,
      modules: registry.modules,
      description: registry.description,
      serverMemory: createMemory(),
      stanzaIds: this.#ids,
      store: database,
      log,
      now: () => this.now(),
      newId: () => this.newId(),
      serves: (domain) => this.serves(domain),
      items: () => this.#router.items(),
      route: (stanza) => this.route(stanza),
      endAccount: (account) => {
        this.#toOthers({ kind: "remove", account });
        this.schedule(0, () => this.#users.remove(account));
      },
      endSessions: (account, except) => {
        this.context.serverMemory.get(PASSWORD_CHANGES).note(account);
        this.#toOthers({ kind: "end-sessions", account, except });
        this.schedule(0, () => this.#users.endSessions(account, except));
      },
      setForward: (account, to) => this.#setForward(account, to),
    };
  }
}

/** The server's own actors go on after a failure; their mailboxes are bounded by what they hold, not by count. */
function serverKind<Message extends { readonly kind: string }>(name: string, log: Log): ActorKind<Message> {
  return {
    name,
    maxMessages: Number.POSITIVE_INFINITY,
    maxBytes: Number.POSITIVE_INFINITY,
    size: () => 0,
    overflow: () => {},
    failed: (error, message, mailbox) => {
      log.error("actor failed", { actor: name, message: message.kind, error });
      return mailbox.actor;
    },
    dead: () => {},
  };
}
