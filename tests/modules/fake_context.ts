import { createMemory } from "../../modules/memory.ts";
import type {
  AccountContext,
  PreAuthContext,
  ResourceView,
  ServerContext,
  ServerModule,
  ServerSettings,
} from "../../modules/module.ts";
import { createRegistry, type Registry } from "../../modules/registry.ts";
import type { ArchivePreferences, AsyncStore, RosterItem, SubscriptionRequest } from "../../store/store.ts";
import { Jid } from "../../xmpp/jid.ts";
import type { Log } from "../../xmpp/log.ts";
import { Stanza } from "../../xmpp/stanza.ts";

export const NOW = Date.UTC(2026, 10, 22, 14, 0, 0);
export const JULIET = Jid.parse("juliet@capulet.lit");
export const CHAMBER = Jid.parse("juliet@capulet.lit/chamber");
export const BALCONY = Jid.parse("juliet@capulet.lit/balcony");
export const ROMEO = Jid.parse("romeo@montague.lit/garden");

export const SETTINGS: ServerSettings = {
  domains: ["capulet.lit"],
  software: { name: "ampact", version: "0.1.0" },
  registration: "open",
  archive: true,
  offline: true,
  rosterItems: 1000,
  presencePolicy: "subscribed",
  tracking: "asked",
  scramRounds: 4096,
  contacts: {},
  of: (setting) => setting.fallback(() => undefined),
};

/** What a handler has done, in its order: one line of words for each. */
export type Deed = readonly [what: string, ...details: unknown[]];

export interface FakeOptions {
  readonly modules?: readonly ServerModule[];
  readonly settings?: Partial<ServerSettings>;
  /** Domains of destinations. */
  readonly served?: readonly string[];
  readonly store?: Partial<AsyncStore>;
  readonly owner?: Jid;
  readonly exists?: boolean;
  readonly rosterVersion?: number;
  readonly roster?: readonly RosterItem[];
  readonly requests?: readonly SubscriptionRequest[];
  readonly blocked?: readonly string[];
  readonly resources?: readonly ResourceView[];
}

/** An account whose actor only writes down what it is told to do. */
export class FakeContext implements AccountContext, PreAuthContext {
  readonly deeds: Deed[] = [];
  local = true;
  readonly settings: ServerSettings;
  readonly modules: readonly ServerModule[];
  readonly registry: Registry;
  readonly store: AsyncStore;
  readonly owner: Jid;
  readonly exists: boolean;
  readonly rosterVersion: number;
  readonly roster: Map<string, RosterItem>;
  readonly requests: Map<string, SubscriptionRequest>;
  readonly blocked: Set<string>;
  readonly resources: ResourceView[];
  readonly serverMemory = createMemory();
  readonly memory = createMemory();
  readonly domain = "capulet.lit";
  readonly address = "192.0.2.1";
  readonly log: Log;
  archivePreferences: ArchivePreferences | undefined;
  readonly #served: readonly string[];
  #ids = 0;

  constructor(options: FakeOptions = {}) {
    this.#served = options.served ?? [];
    this.settings = { ...SETTINGS, ...options.settings };
    this.modules = options.modules ?? [];
    this.registry = createRegistry(this.modules, this.settings);
    this.store = recordingStore(options.store ?? {}, this.deeds);
    this.owner = options.owner ?? JULIET;
    this.exists = options.exists ?? true;
    this.rosterVersion = options.rosterVersion ?? 1;
    this.roster = new Map((options.roster ?? []).map((item) => [item.jid, item]));
    this.requests = new Map((options.requests ?? []).map((request) => [request.from, request]));
    this.blocked = new Set(options.blocked);
    this.resources = [...(options.resources ?? [resource(CHAMBER)])];
    const record = (level: string) => (what: string) => void this.deeds.push(["log", level, what]);
    this.log = { debug: record("debug"), info: record("info"), warn: record("warn"), error: record("error") };
  }

  get description(): ServerContext["description"] {
    return this.registry.description;
  }

  readonly stanzaIds = {
    encode: (seq: number) => `id-${seq}`,
    decode: (id: string) => (/^id-\d+$/.test(id) ? Number(id.slice(3)) : undefined),
  };

  now(): number {
    return NOW;
  }

  newId(): string {
    this.#ids += 1;
    return `new${this.#ids}`;
  }

  route(stanza: Stanza): void {
    this.deeds.push(["route", stanza.toString()]);
  }

  endSessions(account: Jid, except?: Jid): void {
    this.deeds.push(["endSessions", account.text, except?.text]);
  }

  endAccount(account: Jid): void {
    this.deeds.push(["endAccount", account.text]);
  }

  serves(domain: string): boolean {
    return this.settings.domains.includes(domain) || this.#served.includes(domain);
  }

  items(): readonly string[] {
    return [];
  }

  async setForward(account: Jid, to: Jid | undefined): Promise<boolean> {
    this.deeds.push(["setForward", account.text, to?.text]);
    return true;
  }

  countRegistration(): void {}

  sharesPresenceWith(jid: Jid): boolean {
    const subscription = this.roster.get(jid.bare.text)?.subscription;
    return jid.bare.equals(this.owner) || subscription === "from" || subscription === "both";
  }

  async putRosterItem(item: RosterItem): Promise<void> {
    this.roster.set(item.jid, item);
    this.deeds.push(["putRosterItem", item]);
  }

  async removeRosterItem(jid: Jid): Promise<void> {
    this.roster.delete(jid.text);
    this.deeds.push(["removeRosterItem", jid.text]);
  }

  async block(jids: readonly Jid[]): Promise<void> {
    for (const jid of jids) this.blocked.add(jid.text);
    this.deeds.push(["block", jids.map((jid) => jid.text)]);
  }

  async unblock(jids: readonly Jid[] | undefined): Promise<void> {
    for (const text of jids?.map((jid) => jid.text) ?? [...this.blocked]) this.blocked.delete(text);
    this.deeds.push(["unblock", jids?.map((jid) => jid.text)]);
  }

  async setArchivePreferences(preferences: ArchivePreferences): Promise<void> {
    this.archivePreferences = preferences;
    this.deeds.push(["setArchivePreferences", preferences]);
  }

  mark(name: string, mark: string, on: boolean): void {
    this.deeds.push(["mark", name, mark, on]);
    const index = this.resources.findIndex((known) => known.jid.resource === name);
    const known = this.resources[index];
    if (known === undefined) return;
    const marks = new Set(known.marks);
    if (on) marks.add(mark);
    else marks.delete(mark);
    this.resources[index] = { ...known, marks };
  }

  refreshPresence(): void {
    this.deeds.push(["refreshPresence"]);
  }

  toResource(name: string, stanza: Stanza): void {
    this.deeds.push(["toResource", name, stanza.toString()]);
  }

  presenceOf(name: string): Stanza | undefined {
    return this.resources.find((known) => known.jid.resource === name)?.presence;
  }

  /** Asks the account; the answer without its `xmlns`. */
  async ask(inner: string, options: { from?: Jid; type?: string; id?: string } = {}): Promise<string> {
    const { from = CHAMBER, type = "get", id = "q1" } = options;
    const iq = Stanza.parse(`<iq from="${from}" to="${this.owner}" type="${type}" id="${id}">${inner}</iq>`);
    return content(await this.registry.answerAccount(iq, this));
  }

  /** Asks the domain. */
  async askServer(inner: string, options: { from?: Jid; type?: string } = {}): Promise<string> {
    const { from = CHAMBER, type = "get" } = options;
    const iq = Stanza.parse(`<iq from="${from}" to="${this.domain}" type="${type}" id="q1">${inner}</iq>`);
    return content(await this.registry.answerServer(iq, this));
  }

  /** Asks before authentication. */
  async askPreAuth(inner: string, type = "get"): Promise<string> {
    const iq = Stanza.parse(`<iq to="${this.domain}" type="${type}" id="q1">${inner}</iq>`);
    return content(await this.registry.answerPreAuth(iq, this));
  }

  /** The deeds of one kind, without that word. */
  done(what: string): unknown[][] {
    return this.deeds.filter((deed) => deed[0] === what).map((deed) => deed.slice(1));
  }
}

export interface FakeResource {
  readonly available?: boolean;
  readonly marks?: readonly string[];
  readonly presence?: string;
}

export function resource(jid: Jid, { available = true, marks = [], presence = "" }: FakeResource = {}): ResourceView {
  return {
    jid,
    available,
    priority: 0,
    presence: available ? Stanza.parse(`<presence from="${jid}">${presence}</presence>`) : undefined,
    marks: new Set(marks),
  };
}

export function item(jid: string, change: Partial<RosterItem> = {}): RosterItem {
  return { jid, name: "", subscription: "none", ask: false, approved: false, groups: [], ...change };
}

/** The content of a result; of an error its condition, with the application's own, and its type. Its text is for people. */
export function content(answer: Stanza): string {
  if (answer.type === "result") return answer.inner;
  const error = answer.payload("error", "jabber:client");
  const conditions = error?.elements
    .filter(({ name }) => name !== "text")
    .map(({ name }) => name)
    .join("+");
  return `error ${conditions} ${error?.attr("type")}`;
}

function recordingStore(given: Partial<AsyncStore>, deeds: Deed[]): AsyncStore {
  return new Proxy(given, {
    get(target, name: keyof AsyncStore) {
      return (...parameters: unknown[]) => {
        deeds.push(["store", name, ...parameters]);
        const method = target[name] as ((...parameters: unknown[]) => Promise<unknown>) | undefined;
        return method?.(...parameters) ?? Promise.resolve(undefined);
      };
    },
  }) as AsyncStore;
}
