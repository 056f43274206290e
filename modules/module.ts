/** What a protocol extension is: a value. One file per XEP, one line in mod.ts. @module */
import type { Hono } from "hono";
import type { ArchivePreferences, AsyncStore, RosterItem, SubscriptionRequest } from "../store/store.ts";
import type { Jid } from "../xmpp/jid.ts";
import type { Log } from "../xmpp/log.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { Element } from "../xmpp/xml/element.ts";
import type { Markup } from "../xmpp/xml/xml.ts";
import type { Effect } from "./effect.ts";
import type { MessagePhases } from "./message_phases.ts";
import type { ServerSettings } from "./server_settings.ts";
import type { Setting } from "./setting.ts";

export type { Effect } from "./effect.ts";
export type { ServerSettings } from "./server_settings.ts";

export interface XepInfo {
  /** The XEP's number; `rfc` where the protocol is an RFC. */
  readonly xep?: number;
  readonly rfc?: number;
  readonly title?: string;
  readonly version?: string;
  readonly status: "complete" | "partial";
  readonly note?: string;
}

export interface Identity {
  readonly category: string;
  readonly type: string;
  readonly name?: string;
}

/** The disco#info of one entity (XEP-0030 section 3); features are sorted and unique. */
export interface EntityDescription {
  readonly identities: readonly Identity[];
  readonly features: readonly string[];
}

/** The combined description by all modules; made once by createRegistry(). */
export interface ServiceDescription {
  readonly domain: EntityDescription;
  readonly account: EntityDescription;
  /** disco#info at a node of the domain. */
  readonly nodes: ReadonlyMap<string, EntityDescription>;
  readonly items: readonly { readonly jid: string; readonly name?: string }[];
  readonly nodeItems: ReadonlyMap<string, readonly { readonly node: string; readonly name: string }[]>;
  readonly forms: readonly Markup[];
  /** The whole disco#info of the domain, without the outer `<query/>`. */
  readonly domainInfo: Markup;
  /** XEP-0115 section 5: the hash over the domain's disco#info, in base64, and the node that it belongs to. */
  readonly caps: { readonly node: string; readonly ver: string };
}

/** A slot of a ModuleMemory. */
export interface MemoryKey<T> {
  readonly name: string;
  make(): T;
}

/** Typed slots for a module's state in memory; each lives as long as its owner, the server or one active account. */
export interface ModuleMemory {
  /** Makes the value at its first use. */
  get<T>(key: MemoryKey<T>): T;
}

/** What every handler may use. */
export interface ServerContext {
  readonly settings: ServerSettings;
  readonly modules: readonly ServerModule[];
  /** Registry.description. */
  readonly description: ServiceDescription;
  /** Modules' state for the whole server, such as learnt capabilities. */
  readonly serverMemory: ModuleMemory;
  /** Archive ids of XEP-0313 and stanza ids of XEP-0359 (store/stanza_id.ts). */
  readonly stanzaIds: { encode(seq: number): string; decode(id: string): number | undefined };
  readonly store: AsyncStore;
  readonly log: Log;
  now(): number;
  newId(): string;
  /** Whether stanzas for that domain have somewhere to go: to accounts here, or to a destination. */
  serves(domain: string): boolean;
  /** Domains of destinations that service discovery lists now. */
  items(): readonly string[];
  /** Routes a stanza as if it had just arrived at the server; `to` and `from` are set. */
  route(stanza: Stanza): void;
  /**
   * Ends an account that was removed from the store. After the answer to the present request its actor closes all its
   * streams with the stream error not-authorized (XEP-0077 section 3.2).
   */
  endAccount(account: Jid): void;
  /**
   * Ends sessions after a change of the password: after the answer to the present request, all sessions except
   * `except`, a full JID.
   */
  endSessions(account: Jid, except?: Jid): void;
  /**
   * Stores the address that an account's messages are forwarded to while it is away; undefined: none. False when there
   * is no such account.
   */
  setForward(account: Jid, to: Jid | undefined): Promise<boolean>;
}

/** One bound resource, in the view of its user's actor. */
export interface ResourceView {
  readonly jid: Jid;
  readonly available: boolean;
  readonly priority: number;
  /** The last available presence. */
  readonly presence: Stanza | undefined;
  /** Marks that modules have set on this resource, such as "roster" (interested, RFC 6121 section 2.2) or "carbons". */
  readonly marks: ReadonlySet<string>;
}

/** The live account that a handler works on; it runs in the account's UserActor, one handler at a time. */
export interface AccountContext extends ServerContext {
  /** Bare JID. */
  readonly owner: Jid;
  readonly exists: boolean;
  readonly rosterVersion: number;
  readonly roster: ReadonlyMap<string, RosterItem>;
  readonly requests: ReadonlyMap<string, SubscriptionRequest>;
  readonly blocked: ReadonlySet<string>;
  readonly resources: readonly ResourceView[];
  /** Whether that JID may see this account's presence: itself, or a subscription `from` or `both`. */
  sharesPresenceWith(jid: Jid): boolean;
  /** Stores the item, then pushes it to all interested resources (RFC 6121 section 2.1.6). */
  putRosterItem(item: RosterItem): Promise<void>;
  /** Removes the item with the subscriptions that it stands for, both ways (RFC 6121 section 2.5), and pushes. */
  removeRosterItem(jid: Jid): Promise<void>;
  /** Changes the block list, storing it first. `undefined` unblocks all. */
  block(jids: readonly Jid[]): Promise<void>;
  unblock(jids: readonly Jid[] | undefined): Promise<void>;
  /** XEP-0441; undefined: everything is archived. */
  readonly archivePreferences: ArchivePreferences | undefined;
  setArchivePreferences(preferences: ArchivePreferences): Promise<void>;
  /** "archive" set before the initial presence: no second copy of what the archive holds as offline messages. */
  mark(resource: string, mark: string, on: boolean): void;
  /**
   * Runs `outgoingPresence` again on each available resource's last presence, and broadcasts the presences that
   * changed.
   */
  refreshPresence(): void;
  /** To one of this account's own resources, as it is. */
  toResource(resource: string, stanza: Stanza): void;
  /** Answers `undefined` for an account without that contact or resource. */
  presenceOf(resource: string): Stanza | undefined;
  /** Modules' state for this account while it is active. */
  readonly memory: ModuleMemory;
}

export interface IqRequest {
  readonly stanza: Stanza;
  readonly type: "get" | "set";
  /** Full JID of who asks. */
  readonly from: Jid;
  /** The domain, or the bare JID of an account. */
  readonly to: Jid;
  readonly payload: Element;
}

/** Answers with the result's payload, with nothing (an empty result), or throws a StanzaError (that error). */
export type IqHandler<Context> = (
  iq: IqRequest,
  context: Context,
) => Markup | Element | undefined | Promise<Markup | Element | undefined>;

/** Keys made by get() and set(). */
export type IqHandlers<Context> = Readonly<Record<string, IqHandler<Context>>>;

/** A stream that is not authenticated yet asks for registration (XEP-0077). */
export interface PreAuthContext extends ServerContext {
  readonly domain: string;
  readonly address: string;
  /** The client is on this machine. */
  readonly local: boolean;
  /** Counts one registration of this address; throws StanzaError resource-constraint where it has had too many. */
  countRegistration(): void;
}

/** Named phases, run in the order of the module list. A hook touches nothing but what it is given. */
export interface AccountHooks {
  /** The actor of an existing account has started and has handled nothing yet. For state that is read once. */
  activated?(context: AccountContext): void | Promise<void>;
  /** A resource became available, or changed its presence; after the broadcast. */
  presence?(
    event: { readonly resource: ResourceView; readonly initial: boolean; readonly stanza: Stanza },
    context: AccountContext,
  ): readonly Effect[] | Promise<readonly Effect[]>;
  /** A client of the account sends presence of any type; before it is handled: may replace it. */
  sentPresence?(stanza: Stanza, context: AccountContext): Stanza;
  /** Before a resource's own presence is broadcast: may replace it (XEP-0153, XEP-0398). */
  outgoingPresence?(stanza: Stanza, context: AccountContext): Stanza;
  /** Presence of another account has arrived and was sent to the resources. */
  incomingPresence?(stanza: Stanza, context: AccountContext): readonly Effect[] | Promise<readonly Effect[]>;
  /** A contact may see this account's presence from now on, or no longer. */
  subscription?(
    event: { readonly contact: Jid; readonly from: boolean },
    context: AccountContext,
  ): readonly Effect[] | Promise<readonly Effect[]>;
  /** A resource is gone. */
  resourceEnded?(resource: ResourceView, context: AccountContext): void;
  /** An IQ result or error arrives for the account's bare JID: the answer to an IQ that a module has sent. */
  iqAnswer?(stanza: Stanza, context: AccountContext): readonly Effect[] | Promise<readonly Effect[]>;
}

export interface ServerModule {
  readonly name: string;
  readonly xeps: readonly XepInfo[];
  /** disco#info features of the domain. */
  readonly features?: readonly string[] | ((settings: ServerSettings) => readonly string[]);
  /** disco#info features of an account's bare JID. */
  readonly accountFeatures?: readonly string[] | ((settings: ServerSettings) => readonly string[]);
  readonly identities?: readonly Identity[];
  readonly accountIdentities?: readonly Identity[];
  /** disco#info at a node of the domain: features alone have the domain's identity. */
  readonly nodes?: Readonly<Record<string, readonly string[] | EntityDescription>>;
  /** disco#items at a node of the domain; each item is a node of the domain too. */
  readonly nodeItems?: Readonly<Record<string, readonly { readonly node: string; readonly name: string }[]>>;
  /** disco#items of the domain. */
  readonly items?: (settings: ServerSettings) => readonly { readonly jid: string; readonly name?: string }[];
  /** XEP-0128: extra forms in the domain's disco#info. */
  readonly forms?: (settings: ServerSettings) => readonly Markup[];
  /** Announced before (`auth`) or after (`bind`) authentication. */
  readonly streamFeatures?: (
    stage: "auth" | "bind",
    settings: ServerSettings,
    description: ServiceDescription,
    /** The client is on this machine. */
    local: boolean,
  ) => Markup | undefined;
  /** Handlers for an IQ to the domain, and for one that an account's owner sends to the own account. */
  readonly iq?: IqHandlers<ServerContext>;
  /** Handlers for an IQ to the domain only. */
  readonly serverIq?: IqHandlers<ServerContext>;
  /** Handlers for an IQ to an account's bare JID (or with no `to`): from the owner or another entity. */
  readonly accountIq?: IqHandlers<AccountContext>;
  /**
   * Handlers before authentication. A `set` waits for its turn in the queue of password logins, and holds the turn
   * until it is answered.
   */
  readonly preAuthIq?: IqHandlers<PreAuthContext>;
  readonly hooks?: AccountHooks;
  readonly message?: MessagePhases;
  /**
   * Rows of the configuration: `NAME` is `<module>.NAME` in the file, AMPACT_<MODULE>_NAME in the environment, and listed by
   * --help; an empty name is the module's own. ServerSettings.of() has the value.
   */
  readonly settings?: Readonly<Record<string, Setting>>;
  /** HTTP routes beside those of the transports; called once, before the server starts: the context serves requests. */
  readonly routes?: (app: Hono, server: ServerContext) => void;
}

/** The key of an IQ `get` handler for a payload. */
export function get(ns: string, name: string): string {
  return `get ${ns} ${name}`;
}

/** The key of an IQ `set` handler for a payload. */
export function set(ns: string, name: string): string {
  return `set ${ns} ${name}`;
}
