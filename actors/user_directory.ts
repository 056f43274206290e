/**
 * The directory of users: finds the two actors of a bare JID, activates them on first use, passivates them when idle.
 * @module
 */
import type { UserRecord } from "../store/store.ts";
import { StanzaError, StreamError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import { DeliveryActor } from "./delivery_actor.ts";
import { MissingAccounts } from "./missing_accounts.ts";
import type { Node, UserEntry } from "./node.ts";
import type { DeliveryMessage, SessionMessage, SessionRef, UserMessage } from "./protocol.ts";
import { type ActorKind, Mailbox } from "./runtime/mailbox.ts";
import { AccountBudget, type BudgetStart } from "./session/account_budget.ts";
import { SessionMailbox } from "./session/session_mailbox.ts";
import { SessionActor } from "./session_actor.ts";
import type { BindRequest } from "./sessions.ts";
import { UserActor } from "./user_actor.ts";

interface Active extends UserEntry {
  readonly user: Mailbox<UserMessage>;
  readonly delivery: Mailbox<DeliveryMessage>;
  actors: { readonly user: UserActor; readonly delivery: DeliveryActor } | undefined;
  /** The account was made after it had been looked for. */
  isOutdated: boolean;
  /** It was asked for since the last sweep, which looks at the clock for all of these. */
  isUsed: boolean;
  usedAt: number;
}

/** How long a user without sessions stays active. */
const IDLE_MS = 60_000;
/** The same for a name that is no account: anybody can make up any number of those. */
const NOBODY_IDLE_MS = 1000;

/** Above so many active users names that are no accounts do not stay at all. */
const CROWD = 20_000;

export interface UserKinds {
  readonly user: ActorKind<UserMessage>;
  readonly delivery: ActorKind<DeliveryMessage>;
  readonly session: ActorKind<SessionMessage>;
}

export class UserDirectory {
  readonly #node: Node;
  readonly #kinds: UserKinds;
  readonly #missing: MissingAccounts;
  readonly #budgets: BudgetStart;
  #users = new Map<string, Active>();
  #lastSession = 0;
  /** How many are to be active when it is next looked whether there are too many. */
  #crowd = CROWD;

  constructor(node: Node, kinds: UserKinds) {
    this.#node = node;
    this.#kinds = kinds;
    this.#missing = new MissingAccounts(() => node.now());
    this.#budgets = {
      limits: node.settings.budget,
      now: () => node.now(),
      turn: () => node.turn,
      schedule: (ms, task) => node.schedule(ms, task),
    };
  }

  get size(): number {
    return this.#users.size;
  }

  find(bare: Jid): UserEntry | undefined {
    return this.#users.get(bare.text);
  }

  get(bare: Jid): UserEntry {
    const known = this.#users.get(bare.text);
    if (known !== undefined) {
      known.isUsed = true;
      return known;
    }
    const entry: Active = {
      jid: bare,
      user: new Mailbox(this.#kinds.user, this.#node.scheduler),
      delivery: new Mailbox(this.#kinds.delivery, this.#node.scheduler),
      actors: undefined,
      isOutdated: false,
      isUsed: false,
      usedAt: this.#node.now(),
    };
    if (this.#users.size >= this.#crowd) this.#thinOut();
    this.#users.set(bare.text, entry);
    if (this.#missing.has(bare.text)) this.#begin(entry, undefined);
    else this.#activate(entry);
    return entry;
  }

  /** Both mailboxes collect until the account is read. Where it cannot be read, all that waits is answered with an error. */
  #activate(entry: Active): void {
    this.#node.database
      .user(entry.jid.text)
      .then((record) => this.#begin(entry, record))
      .catch((error) => {
        this.#node.log.error("cannot activate account", { account: entry.jid.text, error });
        if (entry.actors === undefined) this.#forget(entry);
      });
  }

  #begin(entry: Active, record: UserRecord | undefined): void {
    if (record === undefined && entry.isOutdated) {
      entry.isOutdated = false;
      return this.#activate(entry);
    }
    if (record === undefined) this.#missing.add(entry.jid.text);
    const user = new UserActor(this.#node, { entry, record, startSession: this.#startSession });
    const hasPending = record?.hasPending ?? false;
    const delivery = new DeliveryActor(this.#node, { entry, profile: user.profile, hasPending });
    entry.actors = { user, delivery };
    entry.user.start(user);
    entry.delivery.start(delivery);
  }

  /** One function for all users. */
  readonly #startSession = (entry: UserEntry, jid: Jid, { connection }: BindRequest): SessionRef => {
    const mailbox = new SessionMailbox(this.#kinds.session, this.#node.scheduler, ++this.#lastSession);
    mailbox.start(
      new SessionActor(this.#node, { jid, connection, entry, self: mailbox, budget: this.#budgetOf(entry) }),
    );
    this.#node.sessionStarted(mailbox);
    return mailbox;
  };

  /** It stays with the account, so that a new session does not renew it. */
  #budgetOf(entry: UserEntry): AccountBudget | undefined {
    const { stanzasPerSecond, bytesPerSecond, workPerSecond } = this.#node.settings.budget;
    if (stanzasPerSecond === 0 && bytesPerSecond === 0 && workPerSecond === 0) return undefined;
    entry.budget ??= new AccountBudget(this.#budgets);
    return entry.budget;
  }

  #forget(entry: Active): void {
    if (this.#users.get(entry.jid.text) === entry) this.#users.delete(entry.jid.text);
    entry.user.stop();
    entry.delivery.stop();
  }

  /** Passivates who has been idle. */
  sweep(): void {
    const now = this.#node.now();
    for (const entry of this.#users.values()) {
      const idleMs = entry.actors?.user.exists ? IDLE_MS : NOBODY_IDLE_MS;
      if (entry.isUsed) {
        entry.isUsed = false;
        entry.usedAt = now;
      }
      if (now - entry.usedAt < idleMs || !isIdle(entry)) continue;
      this.#forget(entry);
    }
  }

  /** Names that are no accounts, of which one sender can make up thousands a second, do not wait for the sweep. */
  #thinOut(): void {
    for (const entry of this.#users.values()) {
      if (entry.actors?.user.exists === false && isIdle(entry)) this.#forget(entry);
    }
    this.#crowd = Math.max(CROWD, this.#users.size * 2);
  }

  endAll(error: StreamError): void {
    for (const entry of this.#users.values()) entry.user.tell({ kind: "end", error });
  }

  /** Those of one account, but `except`, a full JID: its password is another. */
  endSessions(bare: Jid, except: Jid | undefined): void {
    const error = new StreamError("not-authorized", { text: "The password was changed" });
    this.#users.get(bare.text)?.user.tell({ kind: "end", error, except: except?.resource });
  }

  /** An account was made: whoever had asked for it before found nobody, and it is read anew. */
  renew(bare: Jid): void {
    this.#missing.delete(bare.text);
    const entry = this.#users.get(bare.text);
    if (entry === undefined || entry.actors?.user.exists) return;
    if (entry.actors === undefined) entry.isOutdated = true;
    else this.#users.delete(bare.text);
  }

  /** The account is gone: its sessions end, and it is read anew when it is needed again. */
  remove(bare: Jid): void {
    const entry = this.#users.get(bare.text);
    if (entry === undefined) return;
    this.#users.delete(bare.text);
    entry.user.tell({ kind: "removed" });
  }
}

function isIdle(entry: Active): boolean {
  if (entry.actors === undefined || !entry.user.quiet || !entry.delivery.quiet) return false;
  return entry.actors.user.quiet && entry.actors.delivery.quiet;
}

/** What the mailboxes of the three kinds do at their bound, on a failure, and after the end. */
export function userKinds(node: () => Node): UserKinds {
  const bounds = {
    get maxMessages() {
      return node().settings.mailboxMessages;
    },
    get maxBytes() {
      return node().settings.mailboxBytes;
    },
  };
  const answer = (
    message: UserMessage | DeliveryMessage,
    condition: "resource-constraint" | "internal-server-error",
  ) => {
    const stanza = "stanza" in message ? message.stanza : undefined;
    if (message.kind === "bind") return message.reply(new StanzaError(condition));
    if (stanza === undefined || message.kind === "sent") return;
    const answerable = stanza.type !== "error" && stanza.type !== "result" && stanza.name !== "presence";
    const isForwarded = "via" in message && message.via.length > 0;
    if (answerable && !isForwarded) node().route(stanza.error(new StanzaError(condition, { type: "wait" })));
    if (message.kind !== "stanza") return;
    message.receipt?.outcome({ kind: "none", condition });
    message.receipt?.accepted();
  };
  const failed = (name: string, error: unknown, message: UserMessage | DeliveryMessage) => {
    const id = "stanza" in message ? message.stanza.id : undefined;
    node().log.error("actor failed", { actor: name, message: message.kind, stanza: id, error });
    answer(message, "internal-server-error");
  };
  return {
    user: {
      ...kindOf<UserMessage>("UserActor", bounds),
      overflow: (message) => answer(message, "resource-constraint"),
      failed: (error, message, mailbox) => {
        failed("UserActor", error, message);
        return mailbox.actor;
      },
      dead: (message) => answer(message, "internal-server-error"),
    },
    delivery: {
      ...kindOf<DeliveryMessage>("DeliveryActor", bounds),
      overflow: (message) => answer(message, "resource-constraint"),
      failed: (error, message, mailbox) => {
        failed("DeliveryActor", error, message);
        return mailbox.actor;
      },
      dead: (message) => answer(message, "internal-server-error"),
    },
    session: sessionKind(node, bounds),
  };
}

interface Bounds {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

function kindOf<Message extends UserMessage | DeliveryMessage>(name: string, bounds: Bounds) {
  return {
    name,
    get maxMessages() {
      return bounds.maxMessages;
    },
    get maxBytes() {
      return bounds.maxBytes;
    },
    size: (message: Message) => ("stanza" in message ? message.stanza.size : 0),
  };
}

function sessionKind(node: () => Node, bounds: Bounds): ActorKind<SessionMessage> {
  return {
    name: "SessionActor",
    get maxMessages() {
      return bounds.maxMessages;
    },
    get maxBytes() {
      return bounds.maxBytes;
    },
    // Only what its client sends can be refused; what is for the client is bounded by the unproved messages.
    size: (message) => (message.kind === "inbound" ? message.element.text.length : 0),
    overflow: (_, mailbox) => {
      node().log.warn("session floods its mailbox", {});
      mailbox.tell({ kind: "end", error: new StreamError("policy-violation") });
    },
    failed: (error, message, mailbox) => {
      node().log.error("actor failed", { actor: "SessionActor", message: message.kind, error });
      mailbox.tell({ kind: "end", error: new StreamError("internal-server-error") });
      return mailbox.actor;
    },
    dead: () => {},
  };
}
