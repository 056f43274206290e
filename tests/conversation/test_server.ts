/** The real server on free ports, with a database in memory, or in a file where it has to outlive a restart. @module */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modules } from "../../modules/mod.ts";
import type { ServerContext, ServerModule } from "../../modules/module.ts";
import { type AmpactServer, createServer, type ServerOptions } from "../../server/create_server.ts";
import { createSqliteStore } from "../../store/sqlite_store.ts";
import type { Credentials, Store, StoreCall, StoreReply } from "../../store/store.ts";
import type { Address } from "./link.ts";
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
}

export class TestServer {
  readonly log = new TestLog();
  readonly #options: TestServerOptions;
  readonly #folder: string | undefined;
  #server!: AmpactServer;
  #store!: Store;
  #http: ReturnType<typeof Bun.serve> | undefined;
  #tcpPort = 0;
  #context!: ServerContext;
  readonly #insight: ServerModule = {
    name: "insight",
    xeps: [],
    features: [],
    routes: (_app, context) => {
      this.#context = context;
    },
  };

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
    const { onDisk: _, now, wrapStore = (store: Store) => store, ...config } = this.#options;
    const url = this.#folder === undefined ? "sqlite::memory:" : `sqlite:${this.#folder}/test.db`;
    this.#store = createSqliteStore(url, { accountBytes: this.#options.limits?.accountBytes });
    this.#server = createServer({
      registration: "open",
      ...config,
      modules: [...(config.modules ?? modules), this.#insight],
      limits: { profile: "bench", ...config.limits },
      store: wrapStore(this.#store),
      log: this.log,
      ...(now !== undefined && { now }),
    });
    await this.#server.start();
    const { app, websocket } = this.#server;
    this.#tcpPort = (await this.#server.tcp.listen({ host: "127.0.0.1", port: 0, mode: "starttls" })).port;
    this.#http = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch, websocket });
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    await this.#http?.stop(true);
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true });
  }

  /** Stops, and starts again with the same database after a while. */
  async restart(pauseMs = 0): Promise<void> {
    await this.#server.stop();
    await this.#http?.stop(true);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    await this.#start();
  }

  get address(): Address {
    return { domain: this.domain, httpPort: this.#http!.port!, tcpPort: this.#tcpPort };
  }

  get domain(): string {
    return this.#server.config.domains[0]!;
  }

  get app(): AmpactServer {
    return this.#server;
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
    await this.#context.store.pruneArchive(0, 1);
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
