/**
 * `bun chaos/restart_time.ts [messages]`: the time of a restart after kill -9 under traffic, with a million archived
 * messages (or the given number).
 * @module
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../scripts/local_port.ts";
import { SequenceClock } from "../store/sequence.ts";
import { createInlineStore } from "../store/sqlite_store.ts";
import type { NewMessage } from "../store/store.ts";
import { ChaosSession } from "./chaos_session.ts";
import { History } from "./history.ts";
import { authenticate, bindResource, ElementFlow } from "./negotiation.ts";
import { prepareStore } from "./prepare_store.ts";
import { ServerProcess } from "./server_process.ts";
import { WebSocketLink } from "./websocket_link.ts";

const USERS = Array.from({ length: 50 }, (_, at) => `u${at}`);
const BATCH = 1000;
const KILLS = 5;

async function main(count: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "ampact-restart-"));
  const database = join(folder, "ampact.db");
  await prepareStore(database, USERS, "secret");
  await fill(database, count);
  const { size } = await stat(database);
  console.log(`${count} archived messages, ${Math.round(size / 1_048_576)} MiB`);
  const [httpPort, tcpPort] = [await freePort(), await freePort()];
  const server = new ServerProcess({ folder, httpPort, tcpPort, script: "scripts/server.ts" });
  try {
    console.log(`first start: ${Math.round(await server.start())} ms`);
    for (let kill = 0; kill < KILLS; kill++) {
      await chat({ httpPort, tcpPort, domain: "localhost" }, kill);
      await server.kill();
      console.log(`after kill -9: ${Math.round(await server.start())} ms`);
    }
  } finally {
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function fill(database: string, count: number): Promise<void> {
  const store = createInlineStore(`sqlite:${database}`);
  await store.open();
  let now = Date.now() - 30 * 86_400_000;
  const clock = new SequenceClock(0, () => now);
  for (let done = 0; done < count; done += BATCH) {
    now += 2000;
    const messages = Array.from({ length: Math.min(BATCH, count - done) }, (_, at) => archived(clock.next(), at));
    await store.run([["append", messages.flat()]]);
  }
  await store.close();
}

/** For the archives of both sides. */
function archived(seq: number, at: number): readonly NewMessage[] {
  const [one, other] = [`u${at % USERS.length}@localhost`, `u${(at * 7 + 1) % USERS.length}@localhost`];
  const text = `<message xmlns="jabber:client" from="${one}/d0" to="${other}" id="${seq}" type="chat"><body>${"x".repeat(120)}</body></message>`;
  if (one === other) return [];
  return [one, other].map((owner) => ({ owner, seq, text, peer: owner === one ? other : one }));
}

/** Messages to be stored, of which the last ones are on their way when the server dies. */
async function chat(target: ConstructorParameters<typeof WebSocketLink>[0], round: number): Promise<void> {
  const history = new History(Date.now);
  const link = new WebSocketLink(target);
  const flow = new ElementFlow();
  await authenticate(link, flow, { name: "u0", password: "secret" });
  await bindResource(link, flow, "d0");
  history.note({ kind: "bound", session: "u0", user: "u0", device: "d0", transport: "websocket", managed: true });
  const session = new ChaosSession({ id: "u0", user: "u0", device: "d0", resource: "d0", managed: true }, history);
  session.attach(link, flow);
  session.enable();
  for (let at = 0; at < 2000; at++) {
    session.sendChat({ id: `r${round}-${at}`, to: `u${1 + (at % 49)}`, resource: "", rules: [] });
    if (at % 50 === 0) session.requestAcknowledgement();
  }
  while (history.count("accepted") < 500) await new Promise((resolve) => setTimeout(resolve, 5));
  link.cut();
}

await main(Number(process.argv[2] ?? 1_000_000));
