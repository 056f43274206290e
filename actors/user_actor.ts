/**
 * The user actor: one per bare JID with a session or work in hand. Owns the available resources, roster and
 * subscriptions, and the block list; answers IQs to the account. Activated on first use, it loads from the store. RFC
 * 6121 sections 2 to 4.
 *
 * Its parts are in user/: live_account.ts (the state, and what modules may do with it), resources.ts,
 * outgoing_presence.ts, subscriptions.ts, account_hooks.ts, and account_profile.ts, which makes what delivery and
 * sessions know of it.
 * @module
 */
import { hasBlocked } from "../modules/blocking/block_list.ts";
import { isSubscriptionType } from "../modules/roster/subscription.ts";
import { inboundEffects, removalEffects } from "../modules/roster/subscription_flow.ts";
import type { UserRecord } from "../store/store.ts";
import { StreamError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import { Stanza } from "../xmpp/stanza.ts";
import { countRefusal } from "./count_refusal.ts";
import { restAfter } from "./long_answer.ts";
import type { Node, UserEntry } from "./node.ts";
import type { Profile } from "./profile.ts";
import type { Actor } from "./runtime/mailbox.ts";
import { runHooks } from "./user/account_hooks.ts";
import { profileOf, tellProfile } from "./user/account_profile.ts";
import { showPresence } from "./user/incoming_presence.ts";
import { type AccountHost, LiveAccount } from "./user/live_account.ts";
import { onPresence } from "./user/outgoing_presence.ts";
import { refreshPresence } from "./user/presence_broadcast.ts";
import { type Bind, bindResource, endResource } from "./user/resources.ts";
import { applySubscription, tellPresence } from "./user/subscriptions.ts";
import type { UserLetter } from "./user/user_letter.ts";

export interface UserStart {
  readonly entry: UserEntry;
  readonly record: UserRecord | undefined;
}

export class UserActor implements Actor<UserLetter>, AccountHost {
  readonly #entry: UserEntry;
  readonly #account: LiveAccount;
  /** Modules have read what they need of the account; they do when its first resource is bound. */
  #activated = false;

  constructor(node: Node, { entry, record }: UserStart) {
    this.#entry = entry;
    this.#account = new LiveAccount(node, entry, record, this);
  }

  /** There is such an account. */
  get exists(): boolean {
    return this.#account.exists;
  }

  /** No resource is bound. */
  get quiet(): boolean {
    return this.#account.live.length === 0;
  }

  /** What delivery has to know of this account now. */
  get profile(): Profile {
    return profileOf(this.#account);
  }

  receive(message: UserLetter): void | Promise<void> {
    switch (message.kind) {
      case "bind":
        return this.#onBind(message);
      case "presence":
        return onPresence(this.#account, message.resource, message.stanza);
      case "inbound":
        return this.#onInbound(message.stanza);
      case "shown":
        return this.#onShown(message.stanza);
      case "iq":
        return this.#onIq(message.stanza);
      case "ended":
        return this.#onEnded(message);
      case "forward":
        this.#account.forwardTo = message.to;
        return tellProfile(this.#account);
      case "end":
        return this.#onEnd(message.error, message.except);
      case "removed":
        return this.#onRemoved();
      default:
        message satisfies never;
    }
  }

  // For the account

  changed(): void {
    tellProfile(this.#account);
  }

  refreshPresence(): void {
    refreshPresence(this.#account);
  }

  removeContact(contact: Jid): Promise<void> {
    return applySubscription(this.#account, removalEffects(contact, this.#account));
  }

  // Resources

  #onBind(request: Bind): void | Promise<void> {
    if (this.#activated || !this.#account.exists) return bindResource(this.#account, request);
    this.#activated = true;
    return runHooks(this.#account, "activated", async (hooks) => {
      await hooks.activated?.(this.#account);
      return [];
    }).then(() => bindResource(this.#account, request));
  }

  #onEnded({ resource, session, unproved, ignored }: Omit<Extract<UserLetter, { kind: "ended" }>, "kind">): void {
    endResource(this.#account, resource, session);
    // Also where it is without any: delivery may have given it more in the meantime.
    this.#entry.delivery.tell({ kind: "unproved", seqs: unproved, session, ignored });
  }

  #onEnd(error: StreamError, except?: string): void {
    const { live, node } = this.#account;
    for (const { jid, session } of live)
      if (jid.resource !== except) node.session(session)?.tell({ kind: "end", error });
  }

  #onRemoved(): void {
    this.#account.exists = false;
    tellProfile(this.#account);
    const { live } = this.#account;
    this.#onEnd(new StreamError("not-authorized"));
    // This actor is found no more: what a session of another process tells at its end goes to a new one.
    for (const { jid, session } of live)
      this.#onEnded({ resource: jid.resource, session, unproved: [], ignored: false });
  }

  // Presence and requests of others

  #onInbound(stanza: Stanza): void | Promise<void> {
    const { type } = stanza;
    if (type === undefined || type === "unavailable") {
      showPresence(this.#account.node, stanza, this.#account.live, this.#account.isStranger(stanza.from!));
      return this.#onShown(stanza);
    }
    return this.#apply(stanza);
  }

  async #apply(stanza: Stanza): Promise<void> {
    try {
      if (stanza.type === "probe") this.#answerProbe(stanza.from!);
      else if (isSubscriptionType(stanza.type))
        await applySubscription(this.#account, inboundEffects(stanza, this.#account));
    } finally {
      this.#entry.delivery.tell({ kind: "applied" });
    }
  }

  #onShown(stanza: Stanza): void | Promise<void> {
    if (this.quiet) return;
    return runHooks(this.#account, "incomingPresence", (hooks) => hooks.incomingPresence?.(stanza, this.#account));
  }

  /** RFC 6121 section 4.3.2. A sender without permission gets the same answer as for an unknown account. */
  #answerProbe(from: Jid): void {
    const account = this.#account;
    if (account.sharesPresenceWith(from)) return tellPresence(account, from);
    account.route(Stanza.build("presence", { from: account.owner, to: from.bare, type: "unsubscribed" }));
  }

  #onIq(stanza: Stanza): void | Promise<void> {
    const account = this.#account;
    if (stanza.type === "result" || stanza.type === "error") {
      return runHooks(account, "iqAnswer", (hooks) => hooks.iqAnswer?.(stanza, account));
    }
    account.requestedAt = account.node.seqs.next();
    account.given = 0;
    const answer = account.node.registry.answerAccount(stanza, this.#shownTo(stanza.from));
    return answer instanceof Promise ? answer.then((reply) => this.#reply(reply)) : this.#reply(answer);
  }

  /** After a long answer to a client of the account its other requests wait. What others ask for must not slow it. */
  #reply(reply: Stanza): void | Promise<void> {
    const { node, given, owner } = this.#account;
    countRefusal(node.meters, reply);
    this.#account.route(reply);
    if (reply.to?.bare.equals(owner) !== true) return;
    const ms = restAfter(given + reply.size);
    if (ms > 0) return new Promise((resolve) => void node.schedule(ms, resolve));
  }

  /** A blocked sender gets the same answer as for an unknown account, and so does a stranger (XEP-0191 section 6). */
  #shownTo(sender: Jid | undefined): LiveAccount {
    const account = this.#account;
    if (sender === undefined || !hasBlocked(account, sender)) return account;
    return new LiveAccount(account.node, this.#entry, undefined, this);
  }
}
