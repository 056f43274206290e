/** One DeliveryActor (Juliet's) with a real StoreActor over a gated store, sessions made by the test, and a clock that stands still. @module */

import type { WaiterLetter } from "../../../actors/address.ts";
import type { DeliveryLetter, Envelope } from "../../../actors/delivery/delivery_letter.ts";
import { DeliveryActor } from "../../../actors/delivery_actor.ts";
import { Meters } from "../../../actors/meters.ts";
import type { Node, NodeSettings, RouteOptions } from "../../../actors/node.ts";
import { NowAndThen } from "../../../actors/now_and_then.ts";
import { ALONE } from "../../../actors/peers.ts";
import type { Profile } from "../../../actors/profile.ts";
import { UNKNOWN_PROFILE } from "../../../actors/profile.ts";
import { type ActorKind, type ActorRef, Mailbox } from "../../../actors/runtime/mailbox.ts";
import { Scheduler } from "../../../actors/runtime/scheduler.ts";
import type { SessionRef } from "../../../actors/session/session_letter.ts";
import { askStore } from "../../../actors/store/ask_store.ts";
import { StoreActor } from "../../../actors/store_actor.ts";
import type { StoreMessage } from "../../../actors/store_letter.ts";
import { Timelines } from "../../../actors/timelines.ts";
import type { Outcome } from "../../../amp/outcome.ts";
import { listPhases } from "../../../modules/message_phases.ts";
import { modules } from "../../../modules/mod.ts";
import { SequenceClock } from "../../../store/sequence.ts";
import { Jid } from "../../../xmpp/jid.ts";
import { NS } from "../../../xmpp/ns.ts";
import { Stanza } from "../../../xmpp/stanza.ts";
import { type Markup, xml } from "../../../xmpp/xml/xml.ts";
import { unboundedKind } from "../unbounded_kind.ts";
import { FakeSession, textOf } from "./fake_session.ts";
import { GatedStore } from "./gated_store.ts";

export const ROMEO = "romeo@localhost/orchard";
export const JULIET = "juliet@localhost";
const START = Date.UTC(2026, 10, 22, 12);

const PHASES = listPhases(modules);

const SETTINGS: NodeSettings = {
  domains: ["localhost"],
  software: { name: "ampact", version: "0" },
  registration: "open",
  archive: false,
  offline: true,
  rosterItems: 100,
  scramRounds: 4096,
  contacts: {},
  of: (setting) => setting.fallback(() => undefined),
  presencePolicy: "open",
  ruleLimits: { maxRules: 10, maxHorizonMs: 1e12 },
  resumeMs: 0,
  probeTimeoutMs: 1000,
  idleMs: 1000,
  resourcesPerUser: 10,
  mailboxMessages: 10_000,
  mailboxBytes: 1e9,
  unprovedMessages: 1000,
  unprovedBytes: 1e9,
  accountUnprovedBytes: Number.POSITIVE_INFINITY,
  offlineLimits: { messages: 1000, fromSender: 1000, fromStrangers: 1000, bytes: 1e9 },
  unprovenDeliveries: 3,
  budget: { stanzasPerSecond: 0, stanzaBurst: 1, bytesPerSecond: 0, byteBurst: 1, workPerSecond: 0 },
  pendingDelayMs: 100,
  tracking: "none",
  outcomesKeepMs: 0,
  archiveKeepMs: 0,
  archiveKeepMessages: 0,
};

/** What became of a message that was sent. */
export interface Sent {
  accepted: number;
  readonly outcomes: string[];
}

export class DeliveryStage {
  readonly store = new GatedStore();
  readonly scheduler = new Scheduler(Date.now);
  /** What delivery has sent on its way: events, errors, messages that are forwarded. */
  readonly routed: { readonly stanza: Stanza; readonly options: RouteOptions }[] = [];
  /** What Juliet has sent to others. */
  readonly dispatched: Envelope[] = [];
  readonly meters = new Meters();
  readonly errors: string[] = [];
  readonly warnings: Record<string, unknown>[] = [];
  /** What the actor wants to be reminded of. */
  readonly reminders: (() => void)[] = [];
  settings: NodeSettings;
  time = START;
  profile: Profile = { ...UNKNOWN_PROFILE, exists: true, persistent: true };
  readonly sessions: FakeSession[] = [];
  #storeMailbox!: Mailbox<StoreMessage>;
  #mailbox!: Mailbox<DeliveryLetter>;
  #actor!: DeliveryActor;
  #seqs!: SequenceClock;
  #timers: (() => void)[] = [];
  readonly #notices = new NowAndThen(() => this.time);
  readonly #tickets: Sent[] = [];
  #opened = 0;
  /** Sessions that have ended; what is given to them comes back. */
  readonly #left = new Map<number, SessionRef>();

  private constructor(settings: Partial<NodeSettings>) {
    this.settings = { ...SETTINGS, ...settings };
  }

  static async create(settings: Partial<NodeSettings> = {}): Promise<DeliveryStage> {
    const stage = new DeliveryStage(settings);
    const { lastSeq } = await stage.store.open();
    await stage.store.run([
      ["createAccount", JULIET, {}, 0],
      ["createAccount", "romeo@localhost", {}, 0],
    ]);
    stage.#seqs = new SequenceClock(lastSeq, () => stage.time);
    stage.#startStore();
    stage.#startDelivery(false);
    return stage;
  }

  #startStore(): void {
    this.#storeMailbox = new Mailbox(kind<StoreMessage>("StoreActor", this.errors), this.scheduler);
    this.#storeMailbox.start(
      new StoreActor({
        store: this.store,
        log: this.#log(),
        notices: this.#notices,
        meters: this.meters,
        now: () => this.time,
        delayMs: this.settings.pendingDelayMs,
        schedule: (_, task) => {
          this.#timers.push(task);
          return () => this.#timers.splice(this.#timers.indexOf(task), 1);
        },
        self: () => this.#storeMailbox,
        takeStreamCounts: () => [],
        deadline: () => {},
        waiting: () => {},
      }),
    );
  }

  #startDelivery(hasPending: boolean): void {
    const mailbox = new Mailbox(kind<DeliveryLetter>("DeliveryActor", this.errors), this.scheduler);
    this.#mailbox = mailbox;
    const user = { tell: () => {} };
    const entry = { jid: Jid.parse(JULIET), user, delivery: mailbox };
    this.#actor = new DeliveryActor(this.#node(), { entry, profile: this.profile, hasPending });
    mailbox.start(this.#actor);
  }

  #node(): Node {
    return {
      settings: this.settings,
      registry: { phases: PHASES },
      store: this.#storeMailbox,
      database: askStore(this.#storeMailbox, () => {}),
      seqs: this.#seqs,
      stanzaId: (seq: number) => `id-${seq}`,
      now: () => this.time,
      log: this.#log(),
      notices: this.#notices,
      meters: this.meters,
      schedule: (_: number, task: () => void) => {
        this.reminders.push(task);
        return () => {};
      },
      session: (id: number) => this.sessions.find((session) => session.ref.id === id)?.ref ?? this.#left.get(id),
      send: (_: unknown, letter: WaiterLetter) => this.#answered(letter),
      peers: ALONE,
      timelines: this.#timelines(),
      serves: (domain: string) => domain === "localhost",
      isLocal: (domain: string) => domain === "localhost",
      isRemote: () => false,
      dispatch: (envelope: Envelope) => this.dispatched.push(envelope),
      route: (stanza: Stanza, options: RouteOptions = {}) => this.routed.push({ stanza, options }),
    } as unknown as Node;
  }

  #timelines(): Timelines {
    return new Timelines({
      tracking: this.settings.tracking,
      log: this.#log(),
      store: () => this.#storeMailbox,
      now: () => this.time,
      newId: () => `timeline-${++this.#opened}`,
      atTurnEnd: (waiting) => this.scheduler.atTurnEnd(waiting),
      tellOthers: () => {},
    });
  }

  #answered(letter: WaiterLetter): void {
    const sent = this.#tickets[letter.ticket]!;
    if (letter.kind === "accepted") sent.accepted++;
    else if (letter.kind === "outcome") sent.outcomes.push(nameOf(letter.outcome));
  }

  #log() {
    const error = (what: string, record?: Record<string, unknown>) =>
      this.errors.push(`${what} ${JSON.stringify(record)} ${record?.error}`);
    const warn = (what: string, record?: Record<string, unknown>) => this.warnings.push({ what, ...record });
    return { debug: () => {}, info: () => {}, warn, error };
  }

  get delivery(): ActorRef<DeliveryLetter> {
    return this.#mailbox;
  }

  /** Nothing is under way any more. */
  get isQuiet(): boolean {
    return this.#actor.quiet && this.#mailbox.quiet;
  }

  // What happens

  /** All that can happen without a timer has happened. */
  async settles(): Promise<void> {
    for (let round = 0; round < 8; round++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** The store's timer runs until nothing waits for company; held commits stay held. */
  async commits(): Promise<void> {
    for (let round = 0; round < 6; round++) {
      for (const task of this.#timers.splice(0)) this.scheduler.turn(task);
      await this.settles();
    }
  }

  /** A resource that has become available; `flush` is what its user's actor tells then. */
  arrives(
    resource: string,
    options: Partial<Pick<FakeSession, "priority" | "available" | "carbons" | "seenUntil">> = {},
  ): FakeSession {
    const session = new FakeSession(Jid.parse(`${JULIET}/${resource}`), () => this.delivery);
    Object.assign(session, options);
    this.sessions.push(session);
    this.tellsProfile();
    return session;
  }

  flushes(seenUntil = 0): void {
    this.delivery.tell({ kind: "flush", seenUntil });
  }

  /** The session has ended, and everybody knows. */
  leaves(session: FakeSession): void {
    session.ends();
    this.sessions.splice(this.sessions.indexOf(session), 1);
    this.#left.set(session.ref.id, session.ref);
    this.tellsProfile();
    session.givesBack();
  }

  tellsProfile(change: Partial<Profile> = {}): void {
    this.profile = { ...this.profile, ...change, resources: this.sessions.map((session) => session.entry) };
    this.delivery.tell({ kind: "profile", profile: this.profile });
  }

  /** Romeo sends a message; its body is its id unless there is other content. */
  sends(id: string, rules: readonly string[] = [], options: SendOptions = {}): Sent {
    const { to = JULIET, type = "chat", content, from = ROMEO, waits = false, ...envelope } = options;
    const amp = rules.length > 0 && xml`<amp xmlns="${NS.AMP}">${rules.map(ruleOf)}</amp>`;
    const inner = xml`${content ?? xml`<body>${id}</body>`}${amp}`;
    const stanza = Stanza.build("message", { from: Jid.parse(from), to: Jid.parse(to), id, type }, inner);
    const sent: Sent = { accepted: 0, outcomes: [] };
    this.#tickets.push(sent);
    const replyTo = { to: { kind: "waiter", process: 0 }, ticket: this.#tickets.length - 1, waits } as const;
    this.delivery.tell({
      kind: "stanza",
      stanza,
      replyTo,
      notice: false,
      seq: 0,
      via: [],
      rules: undefined,
      ...envelope,
    });
    return sent;
  }

  /** Juliet's own client sends a message to Romeo. */
  writes(id: string, session: FakeSession, options: Pick<SendOptions, "to" | "content"> = {}): Sent {
    const { to = ROMEO, content = xml`<body>${id}</body>` } = options;
    const stanza = Stanza.build("message", { from: session.jid, to: Jid.parse(to), id, type: "chat" }, content);
    const sent: Sent = { accepted: 0, outcomes: [] };
    this.#tickets.push(sent);
    const replyTo = { to: { kind: "waiter", process: 0 }, ticket: this.#tickets.length - 1, waits: false } as const;
    this.delivery.tell({ kind: "outgoing", stanza, session: session.ref.id, replyTo });
    return sent;
  }

  /** What Romeo has been told: events as "status condition value of id", errors as "error id". */
  get told(): string[] {
    return this.routed.filter(({ stanza }) => stanza.to?.local === "romeo").map(({ stanza }) => textOf(stanza));
  }

  async waiting(account = JULIET): Promise<string[]> {
    const [reply] = await this.store.look([["pending", account, 0, 1000]]);
    const rows = (reply as { value: readonly { text: string }[] }).value;
    return rows.map(({ text }) => textOf(Stanza.parse(text)));
  }

  async archived(account: string): Promise<string[]> {
    return (await this.rows(account)).map((text) => textOf(Stanza.parse(text)));
  }

  /** The texts in that account's archive. */
  async rows(account: string): Promise<string[]> {
    const [reply] = await this.store.look([["archive", { owner: account, take: "first", limit: 1000 }]]);
    const { messages } = (reply as { value: { messages: readonly { text: string }[] } }).value;
    return messages.map(({ text }) => text);
  }

  /** The process dies: what was not committed is gone, and a new one begins. */
  async crashes(): Promise<void> {
    this.#mailbox.stop();
    this.#storeMailbox.stop();
    this.#timers = [];
    this.sessions.length = 0;
    this.profile = { ...this.profile, resources: [] };
    this.#startStore();
    this.#startDelivery((await this.waiting()).length > 0);
  }
}

export interface SendOptions extends Partial<Pick<Envelope, "via" | "rules" | "notice" | "seq">> {
  /** Somebody waits for what becomes of it. */
  readonly waits?: boolean;
  readonly to?: string;
  readonly from?: string;
  readonly type?: string;
  readonly content?: Markup;
}

function ruleOf(text: string): Markup {
  const [action, condition, value] = text.split(" ");
  return xml`<rule action="${action}" condition="${condition}" value="${value}"/>`;
}

function nameOf(outcome: Outcome): string {
  return outcome.kind === "none" ? `none ${outcome.condition}` : outcome.kind;
}

function kind<Message extends { readonly kind: string }>(name: string, errors: string[]): ActorKind<Message> {
  return {
    ...unboundedKind<Message>(name),
    failed: (error, message, mailbox) => {
      errors.push(`${name} failed at ${message.kind}: ${error instanceof Error ? error.stack : error}`);
      return mailbox.actor;
    },
  };
}
