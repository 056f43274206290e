/**
 * Before it opens its listeners, the server talks with itself for a moment: clients without sockets log in to a second
 * server, in memory, and chat. A runtime that compiles at run time interprets what it has not seen often, and compiles
 * it when it has: without this, those pay who come first, and after a restart everybody comes first at once. The second
 * server runs the same code on a store, a domain and a log of its own, so that nothing of the first is skipped or known.
 * docs/PERFORMANCE.md has the figures.
 * @module
 */
import { randomBytes } from "node:crypto";
import { type AmpactServer, createServer } from "../../../server/create_server.ts";
import { createSqliteStore } from "../../../store/sqlite_store.ts";
import type { Store, StoreCall } from "../../../store/store.ts";
import { type Log, SILENT_LOG } from "../../../xmpp/log.ts";
import { type Account, converse } from "./conversation.ts";
import { Deadline } from "./deadline.ts";
import { weakCredentials } from "./weak_credentials.ts";

/** RFC 6761 section 6.4: nobody has such a domain. */
const DOMAIN = "warm-up.invalid";
/** The conversation begins nothing after that; most of what it can save is saved by then. */
const LIMIT_MS = 650;
const PAIRS = 8;
const ROUNDS = 3;
const BURSTS = 12;

export interface WarmUpOptions {
  /** When no more is begun. */
  readonly limitMs?: number;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Never rejects: what fails is logged. Does nothing where the runtime is not Bun, whose sockets it knows. */
export async function warmUp(
  log: Log,
  { limitMs = LIMIT_MS, now = () => performance.now() }: WarmUpOptions = {},
): Promise<void> {
  if (!("Bun" in globalThis)) return;
  const deadline = new Deadline(limitMs, now);
  try {
    const warmth = await talk(deadline);
    // What it has left would be the first thing that the collector has to look at.
    Bun.gc(true);
    log.info("warmed up", { ms: Math.round(deadline.spentMs), ...warmth });
  } catch (error) {
    log.warn("warm-up failed", { error });
  }
}

async function talk(deadline: Deadline): Promise<{ readonly logins: number; readonly messages: number }> {
  const store = createSqliteStore("sqlite::memory:");
  const server = warmUpServer(store);
  try {
    await server.start();
    const [absent, ...accounts] = await addAccounts(store);
    return await converse({ server, accounts, absent, deadline, rounds: ROUNDS, bursts: BURSTS });
  } finally {
    await server.stop();
  }
}

function warmUpServer(store: Store): AmpactServer {
  return createServer({
    domains: [DOMAIN],
    store,
    log: SILENT_LOG,
    registration: "open",
    auth: { plainWithoutTls: "loopback" },
    amp: { presencePolicy: "open" },
    // Lifts limits of rate, and nothing else.
    limits: { profile: "bench" },
  });
}

async function addAccounts(store: Store): Promise<[Account, ...Account[]]> {
  const password = randomBytes(16).toString("base64");
  const credentials = weakCredentials(password);
  const names = Array.from({ length: 2 * PAIRS + 1 }, (_, at) => `user${at}`);
  await store.run(names.map((name): StoreCall => ["createAccount", `${name}@${DOMAIN}`, credentials, Date.now()]));
  const [first, ...others] = names.map((name) => ({ name, password }));
  return [first!, ...others];
}
