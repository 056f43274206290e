/** The sessions that actors of this process know by their id, and how they begin. RFC 6120 section 7. @module */

import type { ResourceAnswer } from "../amp/plan.ts";
import { StanzaError, StreamError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import type { SessionId, WaiterLetter } from "./address.ts";
import { mailboxBounds } from "./mailbox_bounds.ts";
import type { Node, UserEntry } from "./node.ts";
import { firstSessionId, processOf } from "./peers.ts";
import type { ActorKind } from "./runtime/mailbox.ts";
import { AccountBudget, type BudgetStart } from "./session/account_budget.ts";
import { BoundSession } from "./session/bound_session.ts";
import { DistantSession } from "./session/distant_session.ts";
import type { OwnSessionRef, SessionLetter, SessionMessage, SessionRef } from "./session/session_letter.ts";
import { SessionMailbox } from "./session/session_mailbox.ts";
import { SessionActor } from "./session_actor.ts";
import type { BindRequest, SessionHandle } from "./session_service.ts";
import type { Waiters } from "./waiters.ts";

/** Sessions that are over and still counted; the oldest goes. */
const MAX_COUNTING = 10_000;
/** How long an account may take to bind a resource. */
const BIND_MS = 10_000;

export class SessionDirectory {
  readonly #node: Node;
  readonly #waiters: Waiters;
  readonly #kind: ActorKind<SessionMessage>;
  readonly #budgets: BudgetStart;
  readonly #sessions = new Map<SessionId, SessionRef>();
  readonly #own = new Set<OwnSessionRef>();
  /** Sessions that are over, whose streams count what they have sent until all of it is settled: XEP-0198, the `h` of `<failed/>`. */
  readonly #counting = new Map<SessionId, SessionRef>();
  #last: number;

  constructor(node: Node, waiters: Waiters) {
    this.#node = node;
    this.#waiters = waiters;
    this.#kind = sessionKind(node);
    this.#last = firstSessionId(node.peers);
    this.#budgets = {
      limits: node.settings.budget,
      now: () => node.now(),
      turn: () => node.turn,
      schedule: (ms, task) => node.schedule(ms, task),
    };
  }

  get(id: SessionId): SessionRef | undefined {
    return this.#sessions.get(id);
  }

  /** Who takes that letter; undefined: nobody does any more. */
  receiver(id: SessionId, { kind }: SessionLetter): SessionRef | undefined {
    return this.#sessions.get(id) ?? (kind === "accepted" ? this.#counting.get(id) : undefined);
  }

  /** Those of this process. */
  get own(): ReadonlySet<OwnSessionRef> {
    return this.#own;
  }

  /** Accounts of its sessions that other processes own. */
  accountsElsewhere(): ReadonlySet<string> {
    const { peers } = this.#node;
    const accounts = new Set<string>();
    if (peers.count > 1) for (const { account } of this.#own) accounts.add(account.text);
    return accounts;
  }

  /** `counts`: its stream waits for news of stanzas that it has sent. */
  ended(id: SessionId, counts: boolean): void {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    this.#own.delete(session as OwnSessionRef);
    if (!counts || session === undefined) return;
    this.#counting.set(id, session);
    if (this.#counting.size <= MAX_COUNTING) return;
    const [oldest] = this.#counting.keys();
    this.#counting.delete(oldest!);
  }

  /** Its stream has its last count. */
  settled(id: SessionId): void {
    this.#counting.delete(id);
  }

  /** A session of another process has a resource of an account that is owned here. */
  bound(id: SessionId, { resource }: Jid): void {
    const process = processOf(id);
    if (process === this.#node.peers.own) return;
    this.#sessions.set(
      id,
      new DistantSession(this.#node, id, { resource, available: false, priority: 0, connected: true }),
    );
  }

  /** What the session has reported. */
  told(id: SessionId, view: ResourceAnswer | undefined): void {
    const session = this.#sessions.get(id);
    if (!(session instanceof DistantSession)) return;
    session.view = view;
    if (view === undefined) this.#sessions.delete(id);
  }

  /** Throws StanzaError. */
  bind(request: BindRequest): Promise<SessionHandle> {
    const { account, resource, client, marks = [] } = request;
    const node = this.#node;
    const session = ++this.#last;
    return new Promise((resolve, reject) => {
      const fail = (error: StanzaError) => {
        this.#waiters.remove(ticket);
        cancel();
        reject(error);
      };
      const take = (letter: WaiterLetter) => {
        if (letter.kind === "unbound") return fail(new StanzaError(letter.condition));
        if (letter.kind !== "bound") return;
        this.#waiters.remove(ticket);
        cancel();
        resolve(this.#begin(request, session, letter.jid));
      };
      const ticket = this.#waiters.add(take);
      const cancel = node.schedule(BIND_MS, () => fail(new StanzaError("resource-constraint", { type: "wait" })));
      const replyTo = { to: { kind: "waiter", process: node.peers.own }, ticket } as const;
      node.send({ kind: "user", jid: account }, { kind: "bind", session, resource, client, marks, replyTo });
    });
  }

  /** The bound resource came too late: its stream already got an error. */
  abandoned({ session, jid }: Extract<WaiterLetter, { kind: "bound" }>): void {
    const { resource, bare } = jid;
    this.#node.send({ kind: "user", jid: bare }, { kind: "ended", resource, session, unproved: [], ignored: false });
    const { peers } = this.#node;
    const process = peers.ownerOf(bare);
    if (process !== peers.own)
      this.#node.send({ kind: "directory", process }, { kind: "view", session, view: undefined });
  }

  #begin({ connection, inbound = [] }: BindRequest, id: SessionId, jid: Jid): SessionHandle {
    const entry = this.#node.user(jid.bare);
    const mailbox = new SessionMailbox(this.#kind, this.#node.scheduler, id, entry.jid);
    const budget = this.#budgetOf(entry);
    mailbox.start(new SessionActor(this.#node, { jid, connection, entry, self: mailbox, budget }));
    this.#sessions.set(id, mailbox);
    this.#own.add(mailbox);
    for (const element of inbound) mailbox.tell({ kind: "inbound", element });
    return new BoundSession(jid, mailbox);
  }

  /** It stays with the account, so that a new session does not renew it. */
  #budgetOf(entry: UserEntry): AccountBudget | undefined {
    const { stanzasPerSecond, bytesPerSecond, workPerSecond } = this.#node.settings.budget;
    if (stanzasPerSecond === 0 && bytesPerSecond === 0 && workPerSecond === 0) return undefined;
    entry.budget ??= new AccountBudget(this.#budgets);
    return entry.budget;
  }
}

function sessionKind(node: Node): ActorKind<SessionMessage> {
  const bounds = mailboxBounds(() => node);
  return {
    name: "SessionActor",
    get maxMessages() {
      return bounds.maxMessages;
    },
    get maxBytes() {
      return bounds.maxBytes;
    },
    // Only stanzas of its client can be refused; stanzas for the client are bounded by the unproved messages.
    size: (message) => (message.kind === "inbound" ? message.element.text.length : 0),
    overflow: (_, mailbox) => {
      node.log.warn("session floods its mailbox", {});
      mailbox.tell({ kind: "end", error: new StreamError("policy-violation") });
    },
    failed: (error, message, mailbox) => {
      node.log.error("actor failed", { actor: "SessionActor", message: message.kind, error });
      mailbox.tell({ kind: "end", error: new StreamError("internal-server-error") });
      return mailbox.actor;
    },
    dead: () => {},
  };
}
