import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connect as connectTls } from "node:tls";
import { freePort } from "../../scripts/local_port.ts";
import { NS } from "../../xmpp/ns.ts";
import { Program } from "../scripts/program.ts";
import { ApiClient } from "../server/api/api_client.ts";
import { scrape } from "../server/metrics/exposition.ts";
import { plainAuth } from "./fake_services.ts";
import { WebSocketClient } from "./websocket_client.ts";

const ROOT = resolve(import.meta.dir, "../..");
const HEADER = `<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='${NS.STREAM}'>`;
/** What a load balancer says first. */
const PROXY = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 5222\r\n";
const INACTIVITY_MS = 1000;
const TOKEN = ["token", "add", "test", "--scope", "send,read"];

let folder = "";
let server: Program;
let tcpPort = 0;
let tlsPort = 0;
let bosh = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ampact-deno-"));
  tcpPort = await freePort();
  tlsPort = await freePort();
  const deno = join(ROOT, "node_modules/.bin/deno");
  server = new Program(deno, ["run", "-A", join(ROOT, "scripts/server.ts")], {
    cwd: folder,
    env: {
      AMPACT_HTTP_PORT: "0",
      AMPACT_C2S_PORT: String(tcpPort),
      AMPACT_C2S_TLS_PORT: String(tlsPort),
      AMPACT_C2S_PROXY_PROTOCOL: "true",
      AMPACT_LOG_LEVEL: "warn",
      AMPACT_STORE_URL: "sqlite::memory:",
      AMPACT_BOSH_INACTIVITY: String(INACTIVITY_MS / 1000),
    },
  });
  [bosh] = await server.prints(/http:\S+/);
});

afterAll(async () => {
  server.kill("SIGTERM");
  await server.exitCode;
  rmSync(folder, { recursive: true });
});

/** Reads up to that text. */
async function until(socket: Socket, part: string): Promise<string> {
  let text = "";
  while (!text.includes(part)) {
    const [bytes] = await once(socket, "data");
    text += bytes.toString();
  }
  return text;
}

async function post(attributes: string, signal?: AbortSignal): Promise<string> {
  const body = `<body ${attributes} xmlns="${NS.HTTPBIND}" xmlns:xmpp="${NS.XBOSH}"/>`;
  const response = await fetch(bosh, { method: "POST", body, ...(signal && { signal }) });
  return response.text();
}

async function createBoshSession(): Promise<string> {
  const created = await post('rid="1" to="localhost" wait="60" hold="1" ver="1.6" xmpp:version="1.0"');
  return /sid="([^"]+)"/.exec(created)![1]!;
}

describe("STARTTLS on Deno", () => {
  test("loses nothing of a handshake that begins at once", async () => {
    for (let round = 0; round < 20; round++) {
      const socket = connect(tcpPort, "127.0.0.1");
      socket.write(PROXY + HEADER);
      await until(socket, "</stream:features>");
      socket.write(`<starttls xmlns='${NS.TLS}'/>`);
      await once(socket, "data");
      const tls = connectTls({ socket, rejectUnauthorized: false, servername: "localhost" });
      tls.write(HEADER);
      expect(await until(tls, "</stream:features>")).not.toContain("starttls");
      tls.destroy();
    }
  });
});

test.each([0, 20])("direct TLS on Deno behind a load balancer, its header %p ms before the rest", async (pause) => {
  const socket = connect(tlsPort, "127.0.0.1");
  socket.setNoDelay(true);
  await once(socket, "connect");
  if (pause === 0) socket.cork();
  socket.write(PROXY);
  if (pause === 0) setTimeout(() => socket.uncork(), 20);
  else await Bun.sleep(pause);
  const tls = connectTls({ socket, rejectUnauthorized: false, servername: "localhost" });
  tls.write(HEADER);
  expect(await until(tls, "</stream:features>")).toContain("SCRAM-SHA-256");
  tls.destroy();
});

describe("WebSocket on Deno", () => {
  test("a frame beyond the bound for strangers is refused", async () => {
    const client = await WebSocketClient.connect(bosh.replace(/\/http-bind.*/, ""));
    await client.open();
    expect(await client.ask(`<iq xmlns="jabber:client">${"x".repeat(20_000_000)}</iq>`)).toContain("policy-violation");
  });
});

describe("BOSH on Deno", () => {
  test("a request that is answered is not taken for an abandoned one", async () => {
    const sid = await createBoshSession();
    const held = post(`rid="2" sid="${sid}"`);
    await post(`rid="3" sid="${sid}" pause="2"`);
    expect(await held).not.toContain("condition");
    await Bun.sleep(INACTIVITY_MS * 1.5);
    expect(await post(`rid="4" sid="${sid}" type="terminate"`)).not.toContain("item-not-found");
  });

  test("a client that leaves its request is missed", async () => {
    const sid = await createBoshSession();
    const client = new AbortController();
    const held = post(`rid="2" sid="${sid}"`, client.signal).catch(() => "gone");
    await Bun.sleep(100);
    client.abort();
    expect(await held).toBe("gone");
    await Bun.sleep(INACTIVITY_MS * 1.5);
    expect(await post(`rid="3" sid="${sid}"`)).toContain('condition="item-not-found"');
  });
});

test("metrics and health on Deno", async () => {
  const url = bosh.replace(/\/http-bind.*/, "");
  for (const path of ["/healthz", "/readyz"]) expect((await fetch(url + path)).status).toBe(200);
  const client = await WebSocketClient.connect(url);
  await client.open();
  await client.ask(plainAuth("nobody"));
  await Bun.sleep(300);
  const { samples } = await scrape(url);
  expect(samples.get('ampact_logins_total{mechanism="PLAIN",result="not-authorized"}')).toBe(1);
  expect(samples.get("ampact_event_loop_delay_seconds_count")).toBeGreaterThan(0);
  expect(samples.get("ampact_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect((await fetch(`${url}/metrics`, { headers: { "x-forwarded-for": "192.0.2.1" } })).status).toBe(403);
});

test("the HTTP API on Deno: sent, followed, and a client that goes gives its stream back", async () => {
  const url = bosh.replace(/\/http-bind.*/, "/api");
  expect((await fetch(`${url}/outcomes`)).status).toBe(404);
  const script = join(ROOT, "scripts/server.ts");
  const env = { AMPACT_STORE_URL: "sqlite::memory:" };
  const command = new Program(join(ROOT, "node_modules/.bin/deno"), ["run", "-A", script, ...TOKEN], {
    cwd: folder,
    env,
  });
  expect(await command.exitCode).toBe(0);
  const api = new ApiClient(url, command.output.trim());
  expect(await new ApiClient(url).get("/outcomes")).toMatchObject({ status: 401 });
  expect((await api.get("/openapi.json")).body.servers).toEqual([{ url: "/api" }]);
  const stream = await api.open("/outcomes/stream");
  const sent = await api.post("/messages", { to: "nobody@localhost", body: "hi" }, { prefer: "wait=5" });
  expect(sent).toMatchObject({ status: 200, body: { outcome: { kind: "none" } } });
  const seen = await stream.until(({ step }) => step.message === sent.body.id && step.kind === "settled");
  stream.close();
  const resumed = await api.open("/outcomes/stream", { "last-event-id": seen[0]!.id });
  expect(await resumed.next()).toEqual(seen[1]);
  resumed.close();
  expect((await api.ask("POST", "/messages", { text: "x".repeat(70_000) })).status).toBe(413);
  for (let round = 0; round < 40; round++) {
    const again = await api.open("/outcomes/stream");
    expect(again.response.status).toBe(200);
    again.close();
    await Bun.sleep(10);
  }
});

test("Deno has nothing to complain of", () => {
  expect(server.errors).toBe("");
});
