/**
 * Messages that a server sends to itself before its first clients come, and logins, so that these find compiled code: after a
 * restart all of them come at once. It is done with a second server, which has neither ports nor a database: nothing is left.
 * @module
 */
import type { Store } from "../../store/store.ts";
import type { TcpListeners } from "../../transport/tcp/tcp_listeners.ts";
import { NS } from "../../xmpp/ns.ts";
import { deriveCredentials } from "../../xmpp/scram_keys.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { createForgetfulStore } from "./forgetful_store.ts";
import type { LocalClient } from "./local_client.ts";
import { LocalTcpClient } from "./local_tcp_client.ts";
import { LocalWebSocketClient, type WebSocketEndpoint } from "./local_websocket_client.ts";

/** A server that is not started yet; as much of it as takes part. */
export interface WarmUpServer extends WebSocketEndpoint {
  readonly tcp: TcpListeners;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What that server serves. */
export const WARM_UP_DOMAIN = "localhost";

/** Messages of one kind. */
interface Round {
  /** About what the compilers wait for. */
  readonly messages: number;
  readonly content: Markup;
  /** How many reports the sender gets for each. */
  readonly reports: number;
}

const BODY = xml`<body>${"About as long as what somebody writes to somebody else."}</body>`;
const AMP = xml`<amp xmlns="${NS.AMP}"><rule condition="deliver" value="direct" action="notify"/></amp>`;
const PLAIN: Round = { messages: 600, content: BODY, reports: 0 };
const REPORTED: Round = { messages: 300, content: xml`${BODY}${AMP}`, reports: 1 };

/** So many messages are under way at a time. */
const WINDOW = 20;
/** On each transport, and how many of them at a time. */
const LOGINS = 64;
const LOGINS_AT_ONCE = 16;
/** A slow machine is not to start much later. */
const LIMIT_MS = 1500;
const PASSWORD = "warm-up";

/**
 * `create`: a server for WARM_UP_DOMAIN with this store. `limitMs`: messages not sent by then are left out, and logins.
 * Rejects where what was sent does not arrive, or a login fails.
 */
export async function warmUp(create: (store: Store) => WarmUpServer, limitMs = LIMIT_MS): Promise<void> {
  const server = create(createForgetfulStore(await deriveCredentials(PASSWORD, 1)));
  const until = Date.now() + limitMs;
  const connectTcp = async () => new LocalTcpClient(server.tcp);
  const connectWebSocket = () => LocalWebSocketClient.connect(server);
  await server.start();
  try {
    // These clients prove nothing, so that rows are written; the others do.
    await talk(connectTcp, [PLAIN], until);
    // Deno makes a WebSocket only of a request that came over a network.
    if ("Bun" in globalThis) {
      await talk(connectWebSocket, [PLAIN, REPORTED], until);
      await comeAndGo(connectWebSocket, until);
    }
    await comeAndGo(connectTcp, until);
  } finally {
    await server.stop();
  }
}

/** `until`: milliseconds since 1970. */
async function comeAndGo(connect: () => Promise<LocalClient>, until: number): Promise<void> {
  const come = async (_: unknown, user: number) => {
    const client = await connect();
    await client.login(WARM_UP_DOMAIN, `user${user}`, PASSWORD);
    return client;
  };
  for (let done = 0; done < LOGINS && Date.now() < until; done += LOGINS_AT_ONCE) {
    const clients = await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, come));
    for (const client of clients) client.vanish();
  }
}

/** `until`: milliseconds since 1970. */
async function talk(connect: () => Promise<LocalClient>, rounds: readonly Round[], until: number): Promise<void> {
  const [sender, recipient] = await Promise.all([connect(), connect()]);
  await sender.login(WARM_UP_DOMAIN, "sender", PASSWORD);
  const to = await recipient.login(WARM_UP_DOMAIN, "recipient", PASSWORD);
  let [arrived, reported] = [0, 0];
  for (const { messages, content, reports } of rounds) {
    for (let sent = 0; sent < messages && Date.now() < until; sent += WINDOW) {
      for (let n = sent; n < sent + WINDOW; n++) {
        sender.say(xml`<message xmlns="${NS.CLIENT}" to="${to}" type="chat" id="${n}">${content}</message>`.text);
      }
      arrived += WINDOW;
      reported += WINDOW * reports;
      await Promise.all([recipient.hears(arrived), sender.hears(reported)]);
    }
  }
  sender.vanish();
  recipient.vanish();
}
