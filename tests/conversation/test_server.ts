/** The real server on free ports, with a database in memory, or in a file where it has to outlive a restart. @module */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Peers } from "../../actors/peers.ts";
import { modules } from "../../modules/mod.ts";
import type { ServerContext, ServerModule } from "../../modules/module.ts";
import { type AmpactServer, createServer, type ServerOptions } from "../../server/create_server.ts";
import { createSqliteStore } from "../../store/sqlite_store.ts";
import type { Credentials, Store, StoreCall, StoreReply } from "../../store/store.ts";
import type { Address } from "./link.ts";
import type { MemoryLinks } from "./memory_links.ts";
import { PeerNetwork, placeOf } from "./peers.ts";
import { SharedStore } from "./shared_store.ts";
import { TestLog } from "./test_log.ts";

export const PASSWORD = "wherefore art thou";
/** Derived with one iteration: accounts by the hundred, none of them worth a secret. */
const CREDENTIALS = credentials(PASSWORD);

export type StageConfig = Omit<ServerOptions, "store" | "log" | "now">;

export interface TestServerOptions extends StageConfig {
  /** Keeps the database in a file, so that restart() finds it again. */
  readonly onDisk?: boolean;
  readonly now?: () => number;
  /** What the server is given in place of its store. */
  readonly wrapStore?: (store: Store) => Store;
  /** What joins it to other servers. */
  readonly links?: MemoryLinks;
  /** So many servers share the accounts and the store, as processes of one cluster do; 1 unless given. */
  readonly nodes?: number;
}

/** One of the servers, and where it listens. */
interface TestNode {
  readonly server: AmpactServer;
  readonly context: ServerContext;
  readonly http: ReturnType<typeof Bun.serve>;
  readonly tcpPort: number;
}

export class TestServer {
  readonly log = new TestLog();
  readonly #options: TestServerOptions;
  readonly #folder: string | undefined;
  #store!: Store;
  #nodes: readonly TestNode[] = [];

  private constructor(options: TestServerOptions, folder: string | undefined) {
    this.#options = options;
    this.#folder = folder;
  }

  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const folder = options.onDisk ? await mkdtemp(join(tmpdir(), "ampact-scenario-")) : undefined;
    const server = new TestServer(options, folder);
    await server.#start();
    return server;
  }

  async #start(): Promise<void> {
    const { wrapStore = (store: Store) => store, nodes = 1 } = this.#options;
    const url = this.#folder === undefined ? "sqlite::memory:" : `sqlite:${this.#folder}/test.db`;
    this.#store = createSqliteStore(url, { accountBytes: this.#options.limits?.accountBytes });
    const store = new SharedStore(wrapStore(this.#store));
    const network = new PeerNetwork(nodes);
    const starts = Array.from({ length: nodes }, (_, own) => this.#startNode(store, network.peers(own)));
    this.#nodes = await Promise.all(starts);
  }

  async #startNode(store: Store, peers: Peers): Promise<TestNode> {
    const { onDisk: _, now, wrapStore: __, nodes: ___, links, ...config } = this.#options;
    let context!: ServerContext;
    const insight: ServerModule = {
      name: "insight",
      xeps: [],
      features: [],
      routes: (_app, given) => {
        context = given;
      },
    };
    const server = createServer(
      {
        registration: "open",
        ...config,
        modules: [...(config.modules ?? modules), insight],
        limits: { profile: "bench", ...config.limits },
        store,
        log: this.log,
        ...(now !== undefined && { now }),
      },
      peers,
      links,
    );
    await server.start();
    links?.open();
    const { websocket } = server;
    const app = server.app.route("/", server.metrics).route("/api", server.api);
    const { port: tcpPort } = await server.tcp.listen({ host: "127.0.0.1", port: 0, mode: "starttls" });
    const http = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch, websocket });
    return { server, context, http, tcpPort };
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#nodes.map(({ server }) => server.stop()));
    await Promise.all(this.#nodes.map(({ http }) => http.stop(true)));
  }

  async stop(): Promise<void> {
    await this.#stop();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true });
  }

  /** Stops, and starts again with the same database after a while. */
  async restart(pauseMs = 0): Promise<void> {
    await this.#stop();
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    await this.#start();
  }

  get address(): Address {
    return this.addressFor("");
  }

  /** Each client has one of the nodes, the same each time. */
  addressFor(client: string): Address {
    const { http, tcpPort } = this.#nodes[placeOf(client, this.#nodes.length)]!;
    return { domain: this.domain, httpPort: http.port!, tcpPort };
  }

  get domain(): string {
    return this.app.config.domains[0]!;
  }

  get app(): AmpactServer {
    return this.#nodes[0]!.server;
  }

  /** Each node's. */
  get apps(): readonly AmpactServer[] {
    return this.#nodes.map(({ server }) => server);
  }

  /** Runs calls on the store, beside the server's own. */
  async store(...calls: readonly StoreCall[]): Promise<readonly unknown[]> {
    const replies = await this.#store.run(calls);
    return replies.map(valueIn);
  }

  async addAccounts(jids: readonly string[]): Promise<void> {
    await this.store(...jids.map((jid): StoreCall => ["createAccount", jid, CREDENTIALS, 0]));
  }

  /** Everything that waits for a commit so far is committed. */
  async commits(): Promise<void> {
    // Retention concerns all logs; there is nothing so old.
    await Promise.all(this.#nodes.map(({ context }) => context.store.pruneArchive(0, 1)));
  }
}

function valueIn(reply: StoreReply): unknown {
  if ("fault" in reply) throw reply.fault;
  return reply.value;
}

/** RFC 5802 section 3. */
function credentials(password: string): Credentials {
  const salt = Buffer.from("verona");
  const salted = pbkdf2Sync(password, salt, 1, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const keys = {
    salt: salt.toString("base64"),
    iterations: 1,
    storedKey,
    serverKey: hmac("Server Key").toString("base64"),
  };
  return { "SHA-256": keys };
}
