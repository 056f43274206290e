/** The actors without transports, with a fixed clock and fixed ids, so that the output is reproducible. @module */
import type { Connection } from "../../actors/connection.ts";
import type { SessionHandle } from "../../actors/session_service.ts";
import { ActorSystem } from "../../actors/system.ts";
import { modules } from "../../modules/mod.ts";
import { createRegistry } from "../../modules/registry.ts";
import { loadConfig } from "../../server/config.ts";
import { nodeSettings } from "../../server/server_settings.ts";
import { createInlineStore } from "../../store/sqlite_store.ts";
import type { Store } from "../../store/store.ts";
import { Jid } from "../../xmpp/jid.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../xmpp/xml/scanned_element.ts";

export class SmallServer {
  readonly #store: Store;
  #system!: ActorSystem;
  #now: number;
  #timers: { readonly at: number; readonly task: () => void }[] = [];

  private constructor(now: number) {
    this.#now = now;
    this.#store = createInlineStore("sqlite::memory:");
  }

  /** `now`: milliseconds since 1970. */
  static async start(domains: readonly string[], accounts: readonly string[], now: number): Promise<SmallServer> {
    const server = new SmallServer(now);
    const opened = await server.#store.open();
    await server.#store.run(accounts.map((account) => ["createAccount", account, {}, now]));
    const settings = nodeSettings(loadConfig({ env: {}, options: { domains, amp: { presencePolicy: "open" } } }));
    server.#system = new ActorSystem(
      {
        settings,
        registry: createRegistry(modules, settings),
        store: server.#store,
        log: SILENT_LOG,
        destinations: [],
        now: () => server.#now,
        newId: () => "id",
        schedule: (ms, task) => server.#schedule(ms, task),
      },
      { ...opened, idKey: new Uint8Array(16) },
    );
    return server;
  }

  stop(): Promise<void> {
    return this.#store.close();
  }

  #schedule(ms: number, task: () => void): () => void {
    const timer = { at: this.#now + ms, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Time goes by; what is due happens. */
  async passes(ms: number): Promise<void> {
    this.#now += ms;
    await this.settles();
  }

  async settles(): Promise<void> {
    for (let round = 0; round < 20; round++) {
      const due = this.#timers.filter(({ at }) => at <= this.#now + 1000);
      this.#timers = this.#timers.filter((timer) => !due.includes(timer));
      for (const { task } of due) task();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async online(jid: string): Promise<SmallClient> {
    const { bare, resource } = Jid.parse(jid);
    const client = new SmallClient();
    client.session = await this.#system.bind({ account: bare, resource, connection: client });
    client.says(`<presence xmlns="${NS.CLIENT}"/>`);
    await this.settles();
    return client;
  }
}

/** A client that answers no ping, so that its stream holds only messages. */
export class SmallClient implements Connection {
  readonly transport = "websocket";
  readonly secure = true;
  readonly address = "127.0.0.1";
  readonly backlog = 0;
  readonly received: Element[] = [];
  session!: SessionHandle;

  send(text: string): void {
    const element = Element.parse(text, NS.CLIENT);
    if (element.name === "message") this.received.push(element);
  }

  /** Proved at once. */
  probe(token: number): boolean {
    setImmediate(() => this.session.tell({ kind: "proof", token }));
    return true;
  }

  close(): void {}
  pause(): void {}
  resume(): void {}

  says(stanza: string): void {
    this.session.tell({ kind: "inbound", element: scanElement(stanza, DEFAULT_XML_LIMITS) });
  }

  leaves(): void {
    this.session.tell({ kind: "disconnected", clean: true, connection: this });
  }
}
