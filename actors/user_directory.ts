/**
 * The directory of users: finds the two actors of a bare JID, activates them on first use, passivates them when idle.
 * @module
 */
import type { UserRecord } from "../store/store.ts";
import { StanzaError, StreamError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import { type Census, longest } from "./census.ts";
import { bounce } from "./delivery/carry_out.ts";
import type { DeliveryLetter } from "./delivery/delivery_letter.ts";
import { DeliveryActor } from "./delivery_actor.ts";
import { type Bounds, mailboxBounds } from "./mailbox_bounds.ts";
import { MissingAccounts } from "./missing_accounts.ts";
import type { Node, UserEntry } from "./node.ts";
import { finish, sendAccepted, tellFinding } from "./post.ts";
import { type ActorKind, Mailbox } from "./runtime/mailbox.ts";
import { isApplied, type UserLetter } from "./user/user_letter.ts";
import { UserActor } from "./user_actor.ts";

interface Active extends UserEntry {
  readonly user: Mailbox<UserLetter>;
  readonly delivery: Mailbox<DeliveryLetter>;
  actors: { readonly user: UserActor; readonly delivery: DeliveryActor } | undefined;
  /** The account was made after it had been looked for. */
  isOutdated: boolean;
  /** It was used since the last sweep, which then sets its time. */
  isUsed: boolean;
  usedAt: number;
}

/** Time that a user without sessions stays active. */
const IDLE_MS = 60_000;
/** The same for a name without an account: anybody can invent any number of those. */
const NOBODY_IDLE_MS = 1000;

/** Above this number of active users, names without an account do not stay at all. */
const CROWD = 20_000;

export interface UserKinds {
  readonly user: ActorKind<UserLetter>;
  readonly delivery: ActorKind<DeliveryLetter>;
}

export class UserDirectory {
  readonly #node: Node;
  readonly #kinds: UserKinds;
  readonly #missing: MissingAccounts;
  #users = new Map<string, Active>();
  readonly #distant = new Map<string, UserEntry>();
  /** How many are to be active when it is next looked whether there are too many. */
  #crowd = CROWD;

  constructor(node: Node, kinds: UserKinds) {
    this.#node = node;
    this.#kinds = kinds;
    this.#missing = new MissingAccounts(() => node.now());
  }

  get size(): number {
    return this.#users.size;
  }

  /** The most letters that wait in one mailbox of each kind. */
  get longest(): Pick<Census["mailboxes"], "user" | "delivery"> {
    const users = [...this.#users.values()];
    return { user: longest(users.map(({ user }) => user)), delivery: longest(users.map(({ delivery }) => delivery)) };
  }

  find(bare: Jid): UserEntry | undefined {
    return this.#users.get(bare.text);
  }

  get(bare: Jid): UserEntry {
    if (this.#node.peers.count > 1 && this.#node.peers.ownerOf(bare) !== this.#node.peers.own)
      return this.#elsewhere(bare);
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

  /** An account that another process owns. It stays as long as sessions of this process belong to it. */
  #elsewhere(bare: Jid): UserEntry {
    const known = this.#distant.get(bare.text);
    if (known !== undefined) return known;
    const node = this.#node;
    const entry: UserEntry = {
      jid: bare,
      user: { tell: (letter) => node.send({ kind: "user", jid: bare }, letter) },
      delivery: { tell: (letter) => node.send({ kind: "delivery", jid: bare }, letter) },
    };
    this.#distant.set(bare.text, entry);
    return entry;
  }

  /**
   * Both mailboxes collect until the account is read. If that fails, all waiting messages are answered with an error.
   */
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
    const user = new UserActor(this.#node, { entry, record });
    const hasPending = record?.hasPending ?? false;
    const delivery = new DeliveryActor(this.#node, { entry, profile: user.profile, hasPending });
    entry.actors = { user, delivery };
    entry.user.start(user);
    entry.delivery.start(delivery);
  }

  #forget(entry: Active): void {
    if (this.#users.get(entry.jid.text) === entry) this.#users.delete(entry.jid.text);
    entry.user.stop();
    entry.delivery.stop();
  }

  /** Passivates who has been idle; `bound` are the accounts of this process's sessions. */
  sweep(bound: ReadonlySet<string>): void {
    for (const account of this.#distant.keys()) if (!bound.has(account)) this.#distant.delete(account);
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

  /** Names without an account do not wait for the sweep: one sender can invent thousands a second. */
  #thinOut(): void {
    for (const entry of this.#users.values()) {
      if (entry.actors?.user.exists === false && isIdle(entry)) this.#forget(entry);
    }
    this.#crowd = Math.max(CROWD, this.#users.size * 2);
  }

  endAll(error: StreamError): void {
    for (const entry of this.#users.values()) entry.user.tell({ kind: "end", error });
  }

  /** The sessions of one account, except `except`, a full JID: the password was changed. */
  endSessions(bare: Jid, except: Jid | undefined): void {
    const error = new StreamError("not-authorized", { text: "The password was changed" });
    this.#users.get(bare.text)?.user.tell({ kind: "end", error, except: except?.resource });
  }

  /** An account was created: earlier lookups found none, so it is read again. */
  renew(bare: Jid): void {
    this.#missing.delete(bare.text);
    const entry = this.#users.get(bare.text);
    if (entry === undefined || entry.actors?.user.exists) return;
    if (entry.actors === undefined) entry.isOutdated = true;
    else this.#users.delete(bare.text);
  }

  /** The account was removed: its sessions end, and it is read again on the next use. */
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
  const bounds = mailboxBounds(node);
  const answer = (message: UserLetter | DeliveryLetter, condition: "resource-constraint" | "internal-server-error") => {
    const stanza = "stanza" in message ? message.stanza : undefined;
    if (message.kind === "bind") {
      const { to, ticket } = message.replyTo;
      return node().send(to, { kind: "unbound", ticket, condition });
    }
    if (message.kind === "explain") return tellFinding(node(), message.envelope, { kind: "refused", condition });
    if (stanza === undefined) return;
    const isAnswer = stanza.type === "error" || stanza.type === "result";
    // Presence is sent again when it changes; a request is sent once.
    const answerable = !isAnswer && (stanza.name !== "presence" || stanza.type === "subscribe");
    const isForwarded = "via" in message && message.via.length > 0;
    if (answerable && !isForwarded) bounce(node(), stanza, new StanzaError(condition, { type: "wait" }));
    if (message.kind === "outgoing" && message.replyTo !== undefined) sendAccepted(node(), message.replyTo, "sender");
    if (message.kind === "outgoing" || message.kind === "stanza") {
      finish(node(), message.replyTo, { kind: "none", condition });
    }
  };
  /** It never reaches the actor. */
  const lost = (message: UserLetter | DeliveryLetter, condition: "resource-constraint" | "internal-server-error") => {
    answer(message, condition);
    if (message.kind !== "inbound" || !isApplied(message.stanza)) return;
    node().send({ kind: "delivery", jid: message.stanza.to!.bare }, { kind: "applied" });
  };
  const failed = (name: string, error: unknown, message: UserLetter | DeliveryLetter) => {
    const id = "stanza" in message ? message.stanza.id : undefined;
    node().log.error("actor failed", { actor: name, message: message.kind, stanza: id, error });
    try {
      answer(message, "internal-server-error");
    } catch (second) {
      node().log.error("cannot answer", { actor: name, message: message.kind, stanza: id, error: second });
    }
  };
  return {
    user: {
      ...kindOf<UserLetter>("UserActor", bounds),
      overflow: (message) => lost(message, "resource-constraint"),
      failed: (error, message, mailbox) => {
        failed("UserActor", error, message);
        return mailbox.actor;
      },
      dead: (message) => lost(message, "internal-server-error"),
    },
    delivery: {
      ...kindOf<DeliveryLetter>("DeliveryActor", bounds),
      overflow: (message) => lost(message, "resource-constraint"),
      failed: (error, message, mailbox) => {
        failed("DeliveryActor", error, message);
        return mailbox.actor;
      },
      dead: (message) => lost(message, "internal-server-error"),
    },
  };
}

function kindOf<Message extends UserLetter | DeliveryLetter>(name: string, bounds: Bounds) {
  return {
    name,
    get maxMessages() {
      return bounds.maxMessages;
    },
    get maxBytes() {
      return bounds.maxBytes;
    },
    // Input of the account itself is bounded where it is read, so others cannot use up its room.
    size: (message: Message) => ("stanza" in message && message.kind !== "outgoing" ? message.stanza.size : 0),
  };
}
