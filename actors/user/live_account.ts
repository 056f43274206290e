/**
 * The live state of an account, and what protocol modules may do with it: the AccountContext that its UserActor hands to
 * their handlers. Every change is stored before it is told.
 * @module
 */
import { CAUGHT_UP } from "../../modules/mam.ts";
import { createMemory } from "../../modules/memory.ts";
import type { AccountContext, ModuleMemory } from "../../modules/module.ts";
import { rosterQuery, rosterRemoval } from "../../modules/roster/roster_query.ts";
import { INTERESTED } from "../../modules/roster.ts";
import type { ArchivePreferences, RosterItem, SubscriptionRequest, UserRecord } from "../../store/store.ts";
import { Jid } from "../../xmpp/jid.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import type { Markup } from "../../xmpp/xml/xml.ts";
import type { SessionId } from "../address.ts";
import type { DeliveryRef } from "../delivery/delivery_letter.ts";
import { isStranger } from "../delivery/offline_shares.ts";
import type { Node, UserEntry } from "../node.ts";
import type { Profile } from "../profile.ts";

/** A bound resource: the ResourceView of modules, with its session. */
export interface LiveResource {
  readonly jid: Jid;
  readonly session: SessionId;
  available: boolean;
  priority: number;
  /** As it is broadcast, and as the client has sent it. */
  presence: Stanza | undefined;
  sent: Stanza | undefined;
  /** It has read its archive up to this sequence number. */
  caughtUpTo: number;
  /** Replaced when they change, so that profiles share them. */
  marks: ReadonlySet<string>;
  /** Where it has sent directed presence (RFC 6121 section 4.6), as text. */
  directed: Set<string> | undefined;
}

const NOBODY: ReadonlySet<string> = new Set();

/** The bare JIDs of a roster, for the profile. */
export type RosterSets = Pick<Profile, "watchers" | "watched" | "contacts">;

/** The actor, as the account needs it. */
export interface AccountHost {
  /** The profile that delivery and sessions have of this account is outdated. */
  changed(): void;
  refreshPresence(): void;
  /** Removes a contact with the subscriptions that the item stands for. */
  removeContact(contact: Jid): Promise<void>;
}

export class LiveAccount implements AccountContext {
  readonly node: Node;
  readonly owner: Jid;
  readonly delivery: DeliveryRef;
  exists: boolean;
  readonly roster: Map<string, RosterItem>;
  readonly requests: Map<string, SubscriptionRequest>;
  /** Replaced when it changes, so that profiles share it. */
  blocked: ReadonlySet<string>;
  live: readonly LiveResource[] = [];
  rosterVersion: number;
  /** The log's sequence number when the present request arrived: all older messages were in the archive then. */
  requestedAt = 0;
  /** UTF-16 units that the account's clients have been given since then. */
  given = 0;
  archivePreferences: ArchivePreferences | undefined;
  forwardTo: Jid | undefined;
  /** For the present roster; undefined until the first use. */
  rosterSets: RosterSets | undefined;
  readonly #host: AccountHost;
  #memory: ModuleMemory | undefined;

  constructor(node: Node, { jid, delivery }: UserEntry, record: UserRecord | undefined, host: AccountHost) {
    this.node = node;
    this.owner = jid;
    this.delivery = delivery;
    this.#host = host;
    this.exists = record !== undefined;
    this.roster = new Map(record?.roster.map((item) => [item.jid, item]));
    this.requests = new Map(record?.requests.map((request) => [request.from, request]));
    this.blocked = record === undefined || record.blocked.length === 0 ? NOBODY : new Set(record.blocked);
    this.rosterVersion = record?.rosterVersion ?? 0;
    this.archivePreferences = record?.archivePreferences;
    this.forwardTo = record?.forwardTo === undefined ? undefined : Jid.tryParse(record.forwardTo);
  }

  get settings() {
    return this.node.context.settings;
  }
  get modules() {
    return this.node.context.modules;
  }
  get description() {
    return this.node.context.description;
  }
  get serverMemory() {
    return this.node.context.serverMemory;
  }
  get stanzaIds() {
    return this.node.context.stanzaIds;
  }
  get store() {
    return this.node.context.store;
  }
  get log() {
    return this.node.context.log;
  }
  now(): number {
    return this.node.context.now();
  }
  newId(): string {
    return this.node.context.newId();
  }
  route(stanza: Stanza): void {
    this.node.context.route(stanza);
  }
  endSessions(account: Jid, except?: Jid): void {
    this.node.context.endSessions(account, except);
  }

  endAccount(account: Jid): void {
    this.node.context.endAccount(account);
  }
  serves(domain: string): boolean {
    return this.node.serves(domain);
  }

  items(): readonly string[] {
    return this.node.context.items();
  }
  setForward(account: Jid, to: Jid | undefined): Promise<boolean> {
    return this.node.context.setForward(account, to);
  }

  get resources(): readonly LiveResource[] {
    return this.live;
  }

  get memory(): ModuleMemory {
    this.#memory ??= createMemory();
    return this.#memory;
  }

  resource(name: string): LiveResource | undefined {
    return this.live.find((resource) => resource.jid.resource === name);
  }

  sharesPresenceWith(jid: Jid): boolean {
    if (jid.bare.equals(this.owner)) return true;
    return isWatcher(this.roster.get(jid.bare.text));
  }

  async putRosterItem(item: RosterItem): Promise<void> {
    const version = this.rosterVersion + 1;
    await this.store.putRosterItem(this.owner.text, item, version);
    this.rosterVersion = version;
    this.roster.set(item.jid, item);
    this.rosterSets = undefined;
    this.#host.changed();
    this.#push(rosterQuery([item], version));
  }

  removeRosterItem(jid: Jid): Promise<void> {
    return this.#host.removeContact(jid);
  }

  /** The item alone, without the subscriptions that it stands for. */
  async dropRosterItem(jid: Jid): Promise<void> {
    const version = this.rosterVersion + 1;
    await this.store.removeRosterItem(this.owner.text, jid.text, version);
    this.rosterVersion = version;
    this.roster.delete(jid.text);
    this.rosterSets = undefined;
    this.#host.changed();
    this.#push(rosterRemoval(jid, version));
  }

  /** At most as many as roster items; later requesters have to ask again. */
  async putRequest(request: SubscriptionRequest): Promise<void> {
    if (this.requests.size >= this.settings.rosterItems && !this.requests.has(request.from)) return;
    await this.store.putSubscriptionRequest(this.owner.text, request);
    this.requests.set(request.from, request);
  }

  async dropRequest(from: Jid): Promise<void> {
    await this.store.removeSubscriptionRequest(this.owner.text, from.text);
    this.requests.delete(from.text);
  }

  async block(jids: readonly Jid[]): Promise<void> {
    const texts = jids.map((jid) => jid.text);
    await this.store.block(this.owner.text, texts);
    this.blocked = new Set([...this.blocked, ...texts]);
    this.#host.changed();
  }

  async unblock(jids: readonly Jid[] | undefined): Promise<void> {
    const texts = jids?.map((jid) => jid.text);
    if (texts === undefined) await this.store.unblock(this.owner.text);
    else await this.store.unblock(this.owner.text, texts);
    const gone = texts && new Set(texts);
    this.blocked = gone === undefined ? NOBODY : new Set([...this.blocked].filter((text) => !gone.has(text)));
    this.#host.changed();
  }

  async setArchivePreferences(preferences: ArchivePreferences): Promise<void> {
    await this.store.setArchivePreferences(this.owner.text, preferences);
    this.archivePreferences = preferences;
    this.#host.changed();
  }

  mark(name: string, mark: string, on: boolean): void {
    const resource = this.resource(name);
    if (resource === undefined) return;
    if (mark === CAUGHT_UP) resource.caughtUpTo = this.requestedAt;
    if (resource.marks.has(mark) === on) return;
    resource.marks = new Set(on ? [...resource.marks, mark] : [...resource.marks].filter((other) => other !== mark));
    this.#host.changed();
  }

  refreshPresence(): void {
    this.#host.refreshPresence();
  }

  toResource(name: string, stanza: Stanza): void {
    const resource = this.resource(name);
    if (resource !== undefined) this.show(resource, stanza);
  }

  /** To the client of that resource. */
  show({ session }: LiveResource, stanza: Stanza): void {
    const ofStranger = stanza.from !== undefined && this.isStranger(stanza.from);
    this.given += stanza.size;
    this.node.session(session)?.tell({ kind: "deliver", stanza, seq: 0, ofStranger });
  }

  isStranger(sender: Jid): boolean {
    return isStranger(sender.bare.text, { owner: this.owner, contacts: this.roster });
  }

  presenceOf(name: string): Stanza | undefined {
    return this.resource(name)?.presence;
  }

  /** RFC 6121 section 2.1.6: to every interested resource. */
  #push(query: Markup): void {
    for (const resource of this.live) {
      if (!resource.marks.has(INTERESTED)) continue;
      const id = this.newId();
      this.show(resource, Stanza.build("iq", { from: this.owner, to: resource.jid, id, type: "set" }, query));
    }
  }
}

export function isWatcher(item: RosterItem | undefined): boolean {
  return item?.subscription === "from" || item?.subscription === "both";
}
