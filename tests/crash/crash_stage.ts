/** A server in this process over a store that can fail, and clients with XEP-0198 that note what befalls them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChaosSession } from "../../chaos/chaos_session.ts";
import { type ChaosRule, History, type HistoryEvent } from "../../chaos/history.ts";
import type { LinkTarget } from "../../chaos/link.ts";
import { authenticate, bindResource, ElementFlow } from "../../chaos/negotiation.ts";
import { prepareStore } from "../../chaos/prepare_store.ts";
import { WebSocketLink } from "../../chaos/websocket_link.ts";
import { listenHttp } from "../../cli/http_listener.ts";
import { createServer } from "../../server/create_server.ts";
import { createInlineStore } from "../../store/sqlite_store.ts";
import { type Store, StoreFault } from "../../store/store.ts";

export const USERS = ["romeo", "juliet", "nurse"];
const PASSWORD = "secret";

export interface CrashStage {
  readonly history: History;
  readonly target: LinkTarget;
  /** Log records of level error, as `what fault`. */
  readonly errors: string[];
  close(): Promise<void>;
  /**
   * As if the process had died: nobody is told, nothing more is committed. Returns a new server on what the database
   * holds; its clients go on with the same history.
   */
  crash(): Promise<CrashStage>;
}

/** `makeStore` gets the path of a database with the accounts, all of them friends. */
export async function openStage(makeStore: (path: string) => Store): Promise<CrashStage> {
  const folder = await mkdtemp(join(tmpdir(), "ampact-crash-"));
  await prepareStore(join(folder, "ampact.db"), USERS, PASSWORD);
  return await serveFrom(folder, makeStore, new History(Date.now));
}

async function serveFrom(folder: string, makeStore: (path: string) => Store, history: History): Promise<CrashStage> {
  const errors: string[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: noteIn(errors) };
  const env = { AMPACT_DATA_DIR: folder, AMPACT_HTTP_PORT: "0", AMPACT_PROBE_TIMEOUT_SECONDS: "5" };
  const store = makeStore(join(folder, "ampact.db"));
  const server = createServer({ store, env, log, limits: { profile: "bench" } });
  await server.start();
  const http = listenHttp(server, server.config.http);
  return {
    history,
    target: { httpPort: http.port, tcpPort: undefined, domain: "localhost" },
    errors,
    async close() {
      // A full disk also stops the last checkpoint; what is committed stays in the write-ahead log.
      await server.stop().catch((error: unknown) => {
        if (!(error instanceof StoreFault)) throw error;
      });
      await http.stop();
      await rm(folder, { recursive: true, force: true });
    },
    async crash() {
      await http.stop();
      await store.close();
      return await serveFrom(folder, (path) => createInlineStore(`sqlite:${path}`), history);
    },
  };
}

function noteIn(errors: string[]) {
  return (what: string, record?: Record<string, unknown>) => void errors.push(`${what} ${record?.fault ?? ""}`.trim());
}

/** Logs in over WebSocket, with XEP-0198. Without `available` no presence is sent. */
export async function logIn(
  { target, history }: Pick<CrashStage, "target" | "history">,
  user: string,
  options: { readonly device?: string; readonly available?: boolean } = {},
): Promise<ChaosSession> {
  const { device = "d0", available = true } = options;
  const link = new WebSocketLink(target);
  const flow = new ElementFlow();
  await authenticate(link, flow, { name: user, password: PASSWORD });
  await bindResource(link, flow, device);
  const id = `${user}/${device}#${history.events.length}`;
  history.note({ kind: "bound", session: id, user, device, transport: "websocket", managed: true });
  const session = new ChaosSession({ id, user, device, resource: device, managed: true }, history);
  session.attach(link, flow);
  session.enable();
  if (available) session.sendPresence();
  return session;
}

export function sendTo(session: ChaosSession, to: string, id: string, rules: readonly ChaosRule[] = []): void {
  session.sendChat({ id, to, resource: "", rules });
  session.requestAcknowledgement();
}

/** What became of a message, in its order: `accepted`, `received by juliet`, `notify deliver=stored`, `bounce <condition>`. */
export function fateOf(stage: Pick<CrashStage, "history">, message: string): readonly string[] {
  return fates(stage).get(message) ?? [];
}

/** The same for all messages. */
export function fates({ history }: Pick<CrashStage, "history">): ReadonlyMap<string, readonly string[]> {
  const all = new Map<string, string[]>();
  for (const event of history.events) {
    const fate = fateIn(event);
    if (fate === undefined || !("message" in event)) continue;
    const known = all.get(event.message);
    if (known === undefined) all.set(event.message, [fate]);
    else known.push(fate);
  }
  return all;
}

function fateIn(event: HistoryEvent): string | undefined {
  if (event.kind === "accepted") return "accepted";
  if (event.kind === "received") return `received by ${event.session.split("/")[0]}`;
  return event.kind === "report" ? `${event.report} ${event.why}` : undefined;
}

/** Waits until that is so. Throws where it takes too long. */
export async function until(what: string, isSo: () => boolean, limitMs = 8000): Promise<void> {
  if (!(await comesTrue(isSo, limitMs))) throw new Error(`Cannot go on: ${what}`);
}

/** Waits for that as long; returns whether it is so. */
export async function comesTrue(isSo: () => boolean, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (!isSo()) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}
