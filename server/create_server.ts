/** The one place where the parts are joined. @module */
import type { Hono } from "hono";
import { nanoid } from "nanoid";
import type { Destination } from "../actors/destination.ts";
import { Meters } from "../actors/meters.ts";
import { ALONE, type Peers } from "../actors/peers.ts";
import { ActorSystem } from "../actors/system.ts";
import { modules as ownModules } from "../modules/mod.ts";
import type { ServerModule } from "../modules/module.ts";
import { createRegistry } from "../modules/registry.ts";
import { createOutcomes, type Outcomes } from "../outcomes/outcomes.ts";
import { createSqliteStore, databaseFile } from "../store/sqlite_store.ts";
import type { Store } from "../store/store.ts";
import { createFetch } from "../transport/app.ts";
import type { BunWebSocketHandler } from "../transport/bun_types.ts";
import type { StreamServices } from "../transport/stream_services.ts";
import { createTransports, type TcpAccess } from "../transport/transports.ts";
import { StreamError } from "../xmpp/errors.ts";
import type { Log } from "../xmpp/log.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import type { Tokens } from "./api/api_tokens.ts";
import { createHttpApi } from "./api/create_api.ts";
import { ComponentEntrance, type ComponentListenOptions } from "./component_entrance.ts";
import { type Config, type ConfigOptions, loadConfig, type ModuleOptions, unknownVariables } from "./config.ts";
import type { Explanation } from "./explaining.ts";
import { type Backups, FileHold } from "./file_hold.ts";
import { Followers } from "./followers.ts";
import { createGateways, type GatewayOptions, webhookOptions } from "./gateways.ts";
import { replaceEarlier } from "./hot_reload.ts";
import { lateContext } from "./late_context.ts";
import { serverLog } from "./log.ts";
import { createMetricsApp } from "./metrics/metrics_app.ts";
import { Monitoring } from "./metrics/monitoring.ts";
import type { ServerStatus } from "./metrics/server_status.ts";
import { type ConnectedLinks, createFederation } from "./other_servers.ts";
import type { OutcomeHandler } from "./outcome_consumer.ts";
import type { OutgoingMessage } from "./outgoing_message.ts";
import { makePrivate } from "./private_data.ts";
import { type S2sAccess, S2sEntrance, type S2sListenOptions, type S2sPorts } from "./s2s_entrance.ts";
import { Sender, type SendOptions, type SentMessage } from "./sending.ts";
import { ServerCertificate } from "./server_certificate.ts";
import { nodeSettings, SOFTWARE, streamSettings } from "./server_settings.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { type ListenOptions, TcpEntrance, type TcpPorts } from "./tcp_entrance.ts";
import { MessageTraces } from "./tracing/message_traces.ts";
import { createWaiting, type Waiting } from "./waiting.ts";
import type { Webhooks } from "./webhooks/webhooks.ts";

export interface ServerOptions extends Omit<ConfigOptions, "store" | "log" | "gateways"> {
  /** Domains beyond this server (XEP-0079 `deliver=gateway`): for each a function that takes a message, or a webhook. */
  readonly gateways?: GatewayOptions;
  /** A store's URL (`sqlite:data/ampact.db`, `sqlite::memory:`), the setting `store.url` unless given; or a store. */
  readonly store?: string | Store;
  /** Protocol extensions, in the order in which their hooks run; those of ampact (`modules`) unless given. */
  readonly modules?: readonly ServerModule[];
  readonly settings?: ModuleOptions;
  /** Who takes stanzas for further domains, asked in this order after the accounts and the gateways. */
  readonly destinations?: readonly Destination[];
  /** The text of a TOML file, and environment variables; options go before both. */
  readonly file?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where records go; LogTape's category "ampact" unless given. */
  readonly log?: Log;
  /**
   * Gets every step of every tracked message at least once, one after the other, in the order of the commits; goes on after a restart
   * where it was. A step whose function throws or rejects comes again.
   */
  readonly onOutcome?: OutcomeHandler;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface AmpactServer {
  readonly config: Config;
  /**
   * Routes for WebSocket, BOSH and XEP-0156, on paths of their own. Mount them at the root or below a path, before or after other
   * routes: `app.route("/", server.app)`.
   */
  readonly app: Hono;
  /**
   * The same for an app without Hono, which hands on the requests below a path of its choice: `fetch(request, server)` on Bun,
   * `fetch(request, info)` on Deno. The request must be the one that the runtime has given.
   */
  readonly fetch: Hono["fetch"];
  /**
   * Routes for `/metrics` (Prometheus), `/healthz` and `/readyz`. Mount them where your monitoring asks. `/metrics` answers clients
   * on this machine only, unless `metrics.enabled` is set: set it where the app itself decides who comes there.
   */
  readonly metrics: Hono;
  /**
   * Messages and outcomes over HTTP, for other programs. Mount it at a path of its own: `app.route("/api", server.api)`. Not there until a
   * token exists.
   */
  readonly api: Hono;
  /** Who may ask the HTTP API. */
  readonly tokens: Tokens;
  /** Bun's WebSocket handler: `export default { fetch: app.fetch, websocket: server.websocket }`. Unused on Deno. */
  readonly websocket: BunWebSocketHandler;
  /** What listen() opens, one by one. */
  readonly tcp: TcpAccess;
  readonly accounts: Accounts;
  /** How the server is at this moment. */
  status(): Promise<ServerStatus>;
  /** Messages in storage that wait for their recipient. */
  readonly waiting: Waiting;
  /** Who is here, and whom to send away. */
  readonly sessions: Sessions;
  /** Bound resources at this moment. */
  readonly sessionCount: number;
  /**
   * Opens the store and begins to serve; may be called again after stop(). Throws StoreFault, and Error when it serves
   * already.
   */
  start(): Promise<void>;
  /**
   * Listens for clients over TCP (RFC 6120 section 5, XEP-0368), until stop(); may be called for several addresses. A
   * certificate in files is checked twice a minute and replaced when it has changed. If one listener cannot be opened,
   * those that are open stay until stop(). Throws CertificateError, ListenError, and Error before start().
   */
  listen(options?: ListenOptions): Promise<TcpPorts>;
  /**
   * Listens for the servers of other domains, and lets stanzas go to them (RFC 6120, XEP-0368), until stop(). Throws CertificateError,
   * ListenError, and Error before start().
   */
  listenForServers(options?: S2sListenOptions): Promise<S2sPorts>;
  /**
   * Listens for the components of `components.domains` (XEP-0114), until stop(); returns the port, 0 where it is off. Throws ListenError, and
   * Error before start().
   */
  listenForComponents(options?: ComponentListenOptions): Promise<number>;
  /** The streams to and from other servers. */
  readonly s2s: S2sAccess;
  /** Checks at once whether the certificate's files have changed. */
  checkCertificate(): Promise<void>;
  /**
   * Closes all listeners of listen() and all streams with `system-shutdown`, commits pending writes, closes the store. What send()
   * has taken has its outcome then. Called again meanwhile, it is the same stop; without a start it does nothing.
   */
  stop(): Promise<void>;
  /** stop(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
  /**
   * Sends a message. Resolves with its first outcome, or, with `until: "settled"`, with its last. Rejects with JidError when `from`
   * or `to` is no JID, RuleError when rules are at fault, KeyError when the key stands for another message.
   */
  send(message: OutgoingMessage, options?: SendOptions): SentMessage;
  /** What would become of a message now, which of its rules would be met, and why; nothing is sent. Rejects as send(). */
  explain(message: OutgoingMessage): Promise<Explanation>;
  /** What became of messages: asked for by id or key, listed, followed. */
  readonly outcomes: Outcomes;
  /** For copies of the database while the server serves. */
  readonly backups: Backups;
  /** Those of `outcomes.webhooks`: how each fares, and told again from a cursor on. */
  readonly webhooks: Webhooks;
}

/**
 * Makes a server. Nothing is opened before start(). Throws ConfigError, and Error when two modules handle the same IQ
 * or declare the same setting. `peers`: for tests of several processes; `links`: for tests of several servers.
 */
export function createServer(options: ServerOptions = {}, peers?: Peers, links?: ConnectedLinks): AmpactServer {
  const { modules = ownModules } = options;
  const config = loadConfig({ ...configSources(options), modules });
  const log = options.log ?? serverLog();
  const now = options.now ?? Date.now;
  const store = isStore(options.store)
    ? options.store
    : createSqliteStore(config.store.url, { accountBytes: config.limits.accountBytes, keyFile: keyFileOf(config) });
  const gateways = createGateways(config, options.gateways ?? {}, now);
  const settings = nodeSettings(config);
  const registry = createRegistry(modules, settings);
  const meters = new Meters();
  const parts = { now, log, meters, newId: () => nanoid(), schedule: scheduleTimer };
  let system: ActorSystem | undefined;
  let isStarted = false;
  let secret = new Uint8Array(16);
  const running = (): ActorSystem => {
    if (system === undefined) throw new Error("Cannot use server: it is not started");
    return system;
  };
  const services: StreamServices = {
    ...parts,
    settings: streamSettings(config),
    registry,
    get serverContext() {
      return running().context;
    },
    get secret() {
      return secret;
    },
    sessions: {
      // The turn of the event loop in which the server stops may end after the stop.
      hold: () => system?.hold(),
      handle: () => system?.handle(),
      turnOver: () => system?.turnOver(),
      bind: (request) => running().bind(request),
      resume: (request) => running().resume(request),
    },
    credentials: (account) => running().database.credentials(account.text),
  };
  const transports = createTransports(services);
  const monitoring = new Monitoring({
    ...parts,
    version: SOFTWARE.version,
    objectives: () => followers.readObjectives(),
  });
  const context = lateContext(
    { ...parts, settings, modules, description: registry.description },
    () => running().context,
  );
  for (const module of modules) module.routes?.(transports.app, context);
  const outcomes = createOutcomes({
    store: () => running().database,
    committed: (signal) => running().timelines.changed(signal),
  });
  const followers = new Followers({
    ...parts,
    onOutcome: options.onOutcome,
    hooks: config.outcomes.webhooks,
    objectives: config.outcomes.objectives,
    follow: outcomes.follow,
    database: () => running().database,
  });
  const traces = new MessageTraces({ ...parts, outcomes, version: SOFTWARE.version });
  // Of several processes that share a store, one tells.
  const isTelling = (peers ?? ALONE).own === 0;
  const sender = new Sender({
    ...parts,
    open: (stanza, id) => running().openTimeline(stanza, id),
    domain: config.domains[0]!,
    limits: settings.ruleLimits,
    tracks: settings.tracking !== "none",
    database: () => running().database,
    submit: (stanza, timeline, outcome, failed) => running().submit(stanza, timeline, outcome, failed),
    explain: (stanza) => running().explain(stanza),
    changed: (signal) => running().timelines.changed(signal),
  });
  const api = createHttpApi({
    ...parts,
    sender,
    outcomes,
    tracks: settings.tracking !== "none",
    limits: { requestsPerSecond: config.limits.apiRequestsPerSecond, streams: config.limits.apiStreams },
    database: () => running().database,
    secret: () => secret,
    isRunning: () => system !== undefined,
    keepWaiting: transports.keepWaiting,
    version: SOFTWARE.version,
  });
  const certificate = new ServerCertificate({ config, log });
  const entrance = new TcpEntrance({ config, tcp: transports.tcp, certificate, log });
  const s2s = new S2sEntrance({ ...parts, config, certificate, secret: () => secret });
  const streams = links ?? (config.s2s.enabled ? s2s : undefined);
  const components = new ComponentEntrance({ ...parts, config, serves: (domain) => running().serves(domain) }, [
    ...config.domains,
    ...gateways.keys(),
  ]);
  const destinations = [
    ...gateways.values(),
    ...components.destinations,
    ...(options.destinations ?? []),
    ...(streams === undefined ? [] : [createFederation(config, streams)]),
  ];
  const backups = new FileHold({
    ...parts,
    hold: store.hold?.bind(store),
    path: isStore(options.store) ? undefined : databaseFile(config.store.url),
  });
  let stopping: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    monitoring.stopping();
    await Promise.all([followers.stop(), traces.stop(), backups.stop()]);
    api.stop();
    await certificate.stop();
    await Promise.all([s2s.close(), components.close()]);
    await system?.stop();
    await transports.closeAll(new StreamError("system-shutdown"));
    await system?.close();
    system = undefined;
    monitoring.stopped();
    await store.close();
    isStarted = false;
  };
  const server: AmpactServer = {
    config,
    app: transports.app,
    fetch: createFetch(transports.app),
    metrics: createMetricsApp({
      readiness: monitoring.readiness,
      mayRead: (c) => config.metrics.enabled || transports.peerOf(c).security.loopback,
      figures: () => monitoring.figures(),
    }),
    api: api.app,
    tokens: api.tokens,
    websocket: transports.websocket,
    tcp: transports.tcp,
    accounts: createAccounts({ database: () => running().database, context: () => running().context, now }),
    status: () => monitoring.status(),
    waiting: createWaiting({ database: () => running().database }),
    sessions: createSessions({ log, running }),
    get sessionCount() {
      return system?.sessionCount ?? 0;
    },
    async start() {
      if (isStarted) throw new Error("Cannot start server: it is started already");
      isStarted = true;
      try {
        for (const variable of unknownVariables(options.env ?? {}, modules)) log.warn("unknown variable", variable);
        log.info("who may register an account", { registration: config.registration });
        await replaceEarlier(server);
        const { dataDir, store: kept } = config;
        if (!isStore(options.store)) {
          makePrivate({ dataDir, database: databaseFile(kept.url), keyFile: kept.keyFile }, log);
        }
        const opened = await store.open();
        secret = Uint8Array.from(opened.idKey);
        if (isTelling) await followers.open(store, opened.idKey);
        system = new ActorSystem({ ...parts, settings, registry, store, destinations, peers: peers ?? ALONE }, opened);
        system.run();
        followers.run();
        if (isTelling) traces.run(followers.newest);
        transports.open();
        monitoring.started(system);
      } catch (error) {
        isStarted = false;
        throw error;
      }
    },
    async listen(given = {}) {
      if (system === undefined) throw new Error("Cannot listen: server is not started");
      return entrance.listen(given);
    },
    async listenForServers(given = {}) {
      if (system === undefined) throw new Error("Cannot listen for other servers: server is not started");
      return s2s.listen(given);
    },
    async listenForComponents(given = {}) {
      if (system === undefined) throw new Error("Cannot listen for components: server is not started");
      return components.listen(given);
    },
    s2s,
    checkCertificate: () => certificate.check(),
    stop() {
      stopping ??= close().finally(() => {
        stopping = undefined;
      });
      return stopping;
    },
    explain: (message) => sender.explain(message),
    send: (message, sendOptions) => sender.send(message, sendOptions),
    outcomes,
    backups,
    webhooks: followers,
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}

function configSources({
  store,
  file,
  env,
  log: _,
  now: __,
  modules: ___,
  destinations: ____,
  settings,
  gateways,
  onOutcome: _____,
  ...options
}: ServerOptions) {
  // The schema of this key converts the file's value to the value that the server uses.
  const webhooks = gateways && { gateways: webhookOptions(gateways) as unknown as Config["gateways"] };
  return {
    env: env ?? {},
    file,
    options: { ...settings, ...options, ...webhooks, ...(typeof store === "string" && { store: { url: store } }) },
  };
}

/** A store in memory needs no protection of files. */
function keyFileOf({ store }: Config): string | undefined {
  return databaseFile(store.url) && store.keyFile;
}

function isStore(store: ServerOptions["store"]): store is Store {
  return typeof store === "object";
}

function scheduleTimer(ms: number, task: () => void): () => void {
  const timer = setTimeout(task, ms);
  return () => clearTimeout(timer);
}
