/**
 * The user actor: one per bare JID with a session or work in hand. Owns which resources are there, roster and
 * subscriptions, and the block list; answers IQs to the account. Activated on first use, it loads from the store.
 * RFC 6121 sections 2 to 4.
 * @module
 */

import { isBlocked } from "../modules/blocking/block_list.ts";
import type { AccountHooks, Effect } from "../modules/module.ts";
import { isSubscriptionType } from "../modules/roster/subscription.ts";
import {
  inboundEffects,
  outboundEffects,
  removalEffects,
  type SubscriptionEffect,
} from "../modules/roster/subscription_flow.ts";
import { INTERESTED } from "../modules/roster.ts";
import type { UserRecord } from "../store/store.ts";
import { StanzaError, type StanzaErrorCondition, StreamError } from "../xmpp/errors.ts";
import { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import { Stanza } from "../xmpp/stanza.ts";
import type { Node } from "./node.ts";
import { showPresence } from "./presence.ts";
import { readPriority } from "./presence_priority.ts";
import type { DeliveryRef, Profile, SessionRef, UserMessage } from "./protocol.ts";
import type { Actor } from "./runtime/mailbox.ts";
import type { BindRequest, SessionHandle } from "./sessions.ts";
import { isWatcher, LiveAccount, type LiveResource } from "./user/live_account.ts";

export interface UserStart {
  readonly owner: Jid;
  readonly record: UserRecord | undefined;
  readonly delivery: DeliveryRef;
  /** Makes the session actor of a bound resource. */
  readonly startSession: (jid: Jid, request: BindRequest) => SessionRef;
}

interface RosterSets {
  readonly version: number;
  readonly watchers: ReadonlySet<string>;
  readonly watched: ReadonlySet<string>;
  readonly contacts: ReadonlySet<string>;
}

const NOBODY: ReadonlySet<string> = new Set();
/** Besides those of subscriptions, and none at all. */
const PRESENCE_TYPES: ReadonlySet<string> = new Set(["unavailable", "probe"]);

export class UserActor implements Actor<UserMessage> {
  readonly #node: Node;
  readonly #start: UserStart;
  readonly #account: LiveAccount;
  /** Modules have read what they need of the account; they do when its first resource is bound. */
  #activated = false;
  #sets: RosterSets | undefined;

  constructor(node: Node, start: UserStart) {
    this.#node = node;
    this.#start = start;
    this.#account = new LiveAccount({
      context: node.context,
      owner: start.owner,
      record: start.record,
      changed: () => this.#tellProfile(),
      refreshPresence: () => this.#refreshPresence(),
      removeContact: (contact) => this.#apply(removalEffects(contact, this.#account)),
    });
  }

  /** There is such an account. */
  get exists(): boolean {
    return this.#account.exists;
  }

  /** No resource is bound. */
  get quiet(): boolean {
    return this.#account.live.length === 0;
  }

  receive(message: UserMessage): void | Promise<void> {
    switch (message.kind) {
      case "bind":
        return this.#onBind(message.request, message.reply);
      case "presence":
        return this.#onPresence(message.resource, message.stanza);
      case "inbound":
        return this.#onInbound(message.stanza);
      case "shown":
        return this.#onShown(message.stanza);
      case "iq":
        return this.#onIq(message.stanza);
      case "ended":
        return this.#onEnded(message.resource, message.session, message.unproved);
      case "forward":
        this.#account.forwardTo = message.to;
        return this.#tellProfile();
      case "end":
        return this.#onEnd(message.error);
      case "removed":
        return this.#onRemoved();
      default:
        message satisfies never;
    }
  }

  /** What delivery has to know of this account now. */
  get profile(): Profile {
    const account = this.#account;
    const { watchers, watched, contacts } = this.#rosterSets();
    return {
      exists: account.exists || account.live.length > 0,
      persistent: account.exists,
      resources: account.live.map(({ jid, ref, available, priority, marks }) => ({
        resource: jid.resource,
        jid,
        ref,
        available,
        priority,
        carbons: marks.has("carbons"),
      })),
      blocked: account.blocked.size === 0 ? NOBODY : new Set(account.blocked),
      watchers,
      watched,
      forwardTo: account.forwardTo,
      archivePreferences: account.archivePreferences,
      contacts,
    };
  }

  /** Made anew only when the roster has changed: a profile is told at every presence. */
  #rosterSets(): RosterSets {
    const { roster, rosterVersion } = this.#account;
    if (this.#sets?.version === rosterVersion) return this.#sets;
    const watchers = new Set<string>();
    const watched = new Set<string>();
    for (const item of roster.values()) {
      if (isWatcher(item)) watchers.add(item.jid);
      if (item.subscription === "to" || item.subscription === "both") watched.add(item.jid);
    }
    this.#sets = { version: rosterVersion, watchers, watched, contacts: new Set(roster.keys()) };
    return this.#sets;
  }

  #tellProfile(): void {
    const { profile } = this;
    this.#start.delivery.tell({ kind: "profile", profile });
    for (const resource of this.#account.live) resource.ref.tell({ kind: "profile", profile });
  }

  // Resources

  #onBind(request: BindRequest, reply: (result: SessionHandle | Error) => void): void | Promise<void> {
    if (this.#activated || !this.#account.exists) return this.#bind(request, reply);
    this.#activated = true;
    return this.#runHooks("activated", async (hooks) => {
      await hooks.activated?.(this.#account);
      return [];
    }).then(() => this.#bind(request, reply));
  }

  #bind(request: BindRequest, reply: (result: SessionHandle | Error) => void): void {
    const name = request.resource ?? this.#node.newId();
    let jid: Jid;
    try {
      jid = this.#account.owner.withResource(name);
    } catch (error) {
      this.#node.log.info("cannot bind resource", { account: this.#account.owner.text, error });
      return reply(new StanzaError("bad-request"));
    }
    const older = this.#replacedBy(jid, request);
    if (older.length === 0 && this.#account.live.length >= this.#node.settings.resourcesPerUser) {
      return reply(new StanzaError("resource-constraint"));
    }
    for (const resource of older) this.#replace(resource);
    const ref = this.#start.startSession(jid, request);
    for (const element of request.inbound ?? []) ref.tell({ kind: "inbound", element });
    this.#account.live.push({
      jid,
      ref,
      available: false,
      priority: 0,
      presence: undefined,
      marks: new Set([...(request.marks ?? []), ...clientMarks(request.client)]),
      directed: undefined,
      caughtUpTo: 0,
      sent: undefined,
    });
    this.#tellProfile();
    reply({ jid, tell: (message) => ref.tell(message) });
  }

  /** RFC 6120 section 7.7.2.2: the newer session replaces the older one; XEP-0386 section 3.2: and any of its client. */
  #replacedBy(jid: Jid, { client }: BindRequest): readonly LiveResource[] {
    const [mark] = clientMarks(client);
    return this.#account.live.filter(
      ({ jid: { resource }, marks }) => resource === jid.resource || (mark !== undefined && marks.has(mark)),
    );
  }

  #replace(older: LiveResource): void {
    this.#goUnavailable(older, undefined);
    this.#account.live.splice(this.#account.live.indexOf(older), 1);
    older.ref.tell({ kind: "end", error: new StreamError("conflict") });
  }

  #onEnded(name: string, session: SessionRef, unproved: readonly number[]): void {
    const resource = this.#account.resource(name);
    if (resource?.ref === session) {
      this.#goUnavailable(resource, undefined);
      this.#account.live.splice(this.#account.live.indexOf(resource), 1);
      this.#eachHook((hooks) => hooks.resourceEnded?.(resource, this.#account));
      this.#tellProfile();
    }
    if (unproved.length > 0) this.#start.delivery.tell({ kind: "unproved", seqs: unproved, resource: name, session });
  }

  #onEnd(error: StreamError): void {
    for (const resource of this.#account.live) resource.ref.tell({ kind: "end", error });
  }

  #onRemoved(): void {
    this.#account.exists = false;
    this.#tellProfile();
    this.#onEnd(new StreamError("not-authorized"));
  }

  // Presence of the user's own resources

  #onPresence(name: string, stanza: Stanza): void | Promise<void> {
    const resource = this.#account.resource(name);
    if (resource === undefined) return;
    const fault = this.#faultOf(stanza);
    if (fault !== undefined) {
      return resource.ref.tell({ kind: "deliver", stanza: stanza.error(new StanzaError(fault)), seq: 0 });
    }
    if (isSubscriptionType(stanza.type)) return this.#apply(outboundEffects(stanza, this.#account));
    if (stanza.to !== undefined) return this.#direct(resource, stanza, stanza.to);
    if (stanza.type === undefined) return this.#goAvailable(resource, stanza);
    if (stanza.type === "unavailable") this.#goUnavailable(resource, stanza);
    this.#tellProfile();
  }

  #faultOf({ type, to }: Stanza): StanzaErrorCondition | undefined {
    if (!isSubscriptionType(type)) return type === undefined || PRESENCE_TYPES.has(type) ? undefined : "bad-request";
    const { exists, roster } = this.#account;
    if (!exists) return "forbidden";
    // Both make a roster item where there is none (RFC 6121 sections 3.1.2 and 3.4.2).
    const makesItem = (type === "subscribe" || type === "subscribed") && to !== undefined && !roster.has(to.bare.text);
    return makesItem && roster.size >= this.#node.settings.rosterItems ? "resource-constraint" : undefined;
  }

  /** RFC 6121 section 4.6: whoever got directed presence is told of the end too. */
  #direct(resource: LiveResource, stanza: Stanza, to: Jid): void {
    if (stanza.type === undefined) {
      resource.directed ??= new Set();
      if (resource.directed.size < 1000) resource.directed.add(to.text);
    } else if (stanza.type === "unavailable") resource.directed?.delete(to.text);
    this.#node.route(stanza.type === undefined ? this.#outgoing(stanza) : stanza);
  }

  /** Modules may add to what the client has sent (XEP-0153). */
  #outgoing(sent: Stanza): Stanza {
    let stanza = sent;
    this.#eachHook((hooks) => {
      stanza = hooks.outgoingPresence?.(stanza, this.#account) ?? stanza;
    });
    return stanza;
  }

  #refreshPresence(): void {
    for (const resource of this.#account.live) {
      if (resource.sent === undefined) continue;
      const stanza = this.#outgoing(resource.sent);
      if (stanza.toString() === resource.presence?.toString()) continue;
      resource.presence = stanza;
      this.#broadcast(stanza);
    }
  }

  async #goAvailable(resource: LiveResource, sent: Stanza): Promise<void> {
    const stanza = this.#outgoing(sent);
    const initial = !resource.available;
    resource.available = true;
    resource.sent = sent;
    resource.presence = stanza;
    const usedPriority = resource.priority;
    resource.priority = readPriority(stanza);
    this.#tellProfile();
    this.#broadcast(stanza);
    if (initial) this.#welcome(resource);
    await this.#runHooks("presence", (hooks) => hooks.presence?.({ resource, initial, stanza }, this.#account));
    if (resource.priority >= 0 && (initial || usedPriority < 0)) {
      this.#start.delivery.tell({ kind: "flush", seenUntil: initial ? resource.caughtUpTo : 0 });
    }
  }

  /** RFC 6121 section 4.2.2: to the contacts that may see it, and to all available resources of the user. */
  #broadcast(stanza: Stanza): void {
    const { roster, live } = this.#account;
    for (const item of roster.values()) {
      if (!isWatcher(item)) continue;
      const contact = Jid.parse(item.jid);
      // A local contact without any resource has nobody to see it.
      if (this.#node.isLocal(contact.domain) && this.#node.activeUser(contact) === undefined) continue;
      this.#sendPresence(stanza, contact);
    }
    for (const own of live) {
      if (own.available) own.ref.tell({ kind: "deliver", stanza: stanza.readdress({ to: own.jid }), seq: 0 });
    }
  }

  #sendPresence(stanza: Stanza, to: Jid): void {
    if (!this.#isBlocked(to)) this.#node.route(stanza.readdress({ to }));
  }

  #isBlocked(jid: Jid): boolean {
    return this.#account.blocked.size > 0 && isBlocked(this.#account.blocked, jid);
  }

  /** A resource that has just become available learns who is there, and which requests wait for an answer. */
  #welcome(resource: LiveResource): void {
    const { roster, requests, live, owner } = this.#account;
    for (const own of live) {
      if (own === resource || own.presence === undefined) continue;
      resource.ref.tell({ kind: "deliver", stanza: own.presence.readdress({ to: resource.jid }), seq: 0 });
    }
    for (const item of roster.values()) {
      if (item.subscription !== "to" && item.subscription !== "both") continue;
      const contact = Jid.parse(item.jid);
      if (this.#node.isLocal(contact.domain) && this.#node.activeUser(contact) === undefined) continue;
      if (!this.#isBlocked(contact))
        this.#node.route(Stanza.build("presence", { from: resource.jid, to: contact, type: "probe" }));
    }
    for (const request of requests.values()) {
      resource.ref.tell({ kind: "deliver", stanza: Stanza.parse(request.text).readdress({ to: owner }), seq: 0 });
    }
  }

  /** RFC 6121 section 4.5: also when the stream just ended, then without a stanza of the client's. */
  #goUnavailable(resource: LiveResource, sent: Stanza | undefined): void {
    const stanza = sent ?? Stanza.build("presence", { from: resource.jid, type: "unavailable" });
    const { directed, available } = resource;
    resource.directed = undefined;
    if (available) {
      resource.available = false;
      resource.presence = undefined;
      resource.sent = undefined;
      this.#broadcast(stanza);
      if (sent !== undefined)
        resource.ref.tell({ kind: "deliver", stanza: stanza.readdress({ to: resource.jid }), seq: 0 });
      this.#keepActivity(stanza);
    }
    for (const text of directed ?? []) {
      const to = Jid.parse(text);
      const isTold = available && this.#account.sharesPresenceWith(to);
      if (!isTold) this.#sendPresence(stanza, to);
    }
  }

  /** XEP-0012: when the last resource left, and with which status. */
  #keepActivity(stanza: Stanza): void {
    if (!this.#account.exists || this.#account.live.some((resource) => resource.available)) return;
    // An account that has been removed is no longer found: this actor only sees its sessions out.
    if (this.#node.activeUser(this.#account.owner)?.delivery !== this.#start.delivery) return;
    const status = stanza.payload("status", NS.CLIENT)?.text ?? "";
    this.#node.database.setLastActivity(this.#account.owner.text, this.#node.now(), status).catch((error) => {
      this.#node.log.error("cannot store last activity", { account: this.#account.owner.text, error });
    });
  }

  // Presence and requests of others

  #onInbound(stanza: Stanza): void | Promise<void> {
    const { type } = stanza;
    if (type === undefined || type === "unavailable") {
      showPresence(stanza, this.#account.live);
      return this.#onShown(stanza);
    }
    const done = () => this.#start.delivery.tell({ kind: "applied" });
    if (isSubscriptionType(type)) return this.#apply(inboundEffects(stanza, this.#account)).finally(done);
    if (type === "probe") this.#answerProbe(stanza.from!);
    done();
  }

  #onShown(stanza: Stanza): void | Promise<void> {
    if (this.#account.live.length === 0) return;
    return this.#runHooks("incomingPresence", (hooks) => hooks.incomingPresence?.(stanza, this.#account));
  }

  /** RFC 6121 section 4.3.2. Who may not ask learns the same of an account that does not exist. */
  #answerProbe(from: Jid): void {
    const { owner, live } = this.#account;
    if (!this.#account.sharesPresenceWith(from)) {
      return this.#node.route(Stanza.build("presence", { from: owner, to: from.bare, type: "unsubscribed" }));
    }
    for (const { presence } of live) if (presence !== undefined) this.#sendPresence(presence, from);
  }

  // Subscriptions

  async #apply(effects: readonly SubscriptionEffect[]): Promise<void> {
    for (const effect of effects) await this.#applyOne(effect);
  }

  #applyOne(effect: SubscriptionEffect): void | Promise<void> {
    const account = this.#account;
    switch (effect.kind) {
      case "putItem":
        return account.putRosterItem(effect.item);
      case "removeItem":
        return account.dropRosterItem(effect.jid);
      case "putRequest":
        return account.putRequest(effect.request);
      case "removeRequest":
        return account.dropRequest(effect.from);
      case "route":
        return this.#node.route(effect.stanza);
      case "deliver":
        return this.#deliverSubscription(effect.to, effect.stanza);
      case "sendPresence":
        for (const { presence } of account.live) if (presence) this.#sendPresence(presence, effect.to);
        return;
      case "sendUnavailable":
        return this.#sendUnavailable(effect.to);
      case "changed":
        return this.#runHooks("subscription", (hooks) => hooks.subscription?.(effect, account));
      default:
        effect satisfies never;
    }
  }

  #deliverSubscription(to: "available" | "interested", stanza: Stanza): void {
    for (const resource of this.#account.live) {
      const wanted = to === "available" ? resource.available : resource.marks.has(INTERESTED);
      if (wanted) resource.ref.tell({ kind: "deliver", stanza, seq: 0 });
    }
  }

  #sendUnavailable(to: Jid): void {
    for (const { jid, available } of this.#account.live) {
      if (available) this.#node.route(Stanza.build("presence", { from: jid, to, type: "unavailable" }));
    }
  }

  // Modules

  #onIq(stanza: Stanza): void | Promise<void> {
    if (stanza.type === "result" || stanza.type === "error") {
      return this.#runHooks("iqAnswer", (hooks) => hooks.iqAnswer?.(stanza, this.#account));
    }
    this.#account.requestedAt = this.#node.seqs.next();
    const answer = this.#node.registry.answerAccount(stanza, this.#account);
    if (answer instanceof Promise) return answer.then((reply) => this.#node.route(reply));
    this.#node.route(answer);
  }

  #eachHook(run: (hooks: AccountHooks) => void): void {
    for (const module of this.#node.registry.modules) if (module.hooks !== undefined) run(module.hooks);
  }

  /** A module's failure is its own: it is logged, and the others go on. */
  async #runHooks(
    phase: keyof AccountHooks,
    run: (hooks: AccountHooks) => readonly Effect[] | Promise<readonly Effect[]> | undefined,
  ): Promise<void> {
    for (const module of this.#node.registry.modules) {
      if (module.hooks?.[phase] === undefined) continue;
      try {
        for (const effect of (await run(module.hooks)) ?? []) this.#carryOut(effect);
      } catch (error) {
        this.#node.log.error("hook failed", { module: module.name, phase, account: this.#account.owner.text, error });
      }
    }
  }

  #carryOut(effect: Effect): void {
    if (effect.kind === "route") this.#node.route(effect.stanza);
    else this.#account.toResource(effect.resource, effect.stanza);
  }
}

/** The mark by which the resources of one client are known. */
function clientMarks(client: string | undefined): readonly string[] {
  return client === undefined ? [] : [`client ${client}`];
}
