import { afterEach, describe, expect, test } from "bun:test";
import { AllowedOrigins } from "../../transport/allowed_origins.ts";
import { NS } from "../../xmpp/ns.ts";
import { type LiveServer, startServer } from "./live_server.ts";

const LOCAL = { address: "127.0.0.1", security: { encrypted: false, loopback: true } };
const REMOTE = { address: "192.0.2.1", security: { encrypted: true, loopback: false } };
const DEFAULTS = { domains: ["example.org"], allowedOrigins: [] };
const LISTED = { ...DEFAULTS, allowedOrigins: ["https://a.example"] };
const PUBLIC = { ...DEFAULTS, publicUrl: "https://xmpp.example.net/base" };

test.each([
  [DEFAULTS, LOCAL, undefined, true],
  [DEFAULTS, LOCAL, "http://localhost:5173", true],
  [DEFAULTS, LOCAL, "http://127.0.0.1:8080", true],
  [DEFAULTS, LOCAL, "http://[::1]:8080", true],
  [DEFAULTS, LOCAL, "https://example.org", true],
  [DEFAULTS, LOCAL, "https://chat.example.org", true],
  [DEFAULTS, LOCAL, "https://badexample.org", false],
  [DEFAULTS, LOCAL, "https://example.org.bad.example", false],
  [DEFAULTS, LOCAL, "https://localhost.bad.example", false],
  [DEFAULTS, LOCAL, "http://127.0.0.1.bad.example", false],
  [DEFAULTS, LOCAL, "null", false],
  [DEFAULTS, LOCAL, "", false],
  [DEFAULTS, REMOTE, "https://any.example", true],
  [PUBLIC, LOCAL, "https://xmpp.example.net", true],
  [PUBLIC, LOCAL, "https://xmpp.example.net:444", false],
  [LISTED, REMOTE, "https://a.example", true],
  [LISTED, REMOTE, "https://b.example", false],
  [LISTED, REMOTE, undefined, true],
  [LISTED, LOCAL, "http://localhost:5173", false],
  [{ ...DEFAULTS, allowedOrigins: ["*"] }, LOCAL, "https://any.example", true],
])("%j with a client at %j allows(%p): %p", (settings, peer, origin, expected) => {
  expect(new AllowedOrigins(settings).allows(origin, peer)).toBe(expected);
});

let server: LiveServer | undefined;
afterEach(() => server?.stop());

describe.each([
  ["https://bad.example", false],
  ["http://localhost:5173", true],
])("a page of %s in the browser of this machine", (origin, isAllowed) => {
  test("over WebSocket", async () => {
    server = startServer();
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/xmpp-websocket`, {
      protocols: ["xmpp"],
      headers: { origin },
    });
    const outcome = await new Promise((resolve) => {
      socket.onopen = () => resolve(true);
      socket.onclose = () => resolve(false);
    });
    socket.close();
    expect(outcome).toBe(isAllowed);
  });

  test.each(["POST", "OPTIONS"])("over BOSH with %s", async (method) => {
    server = startServer();
    const body = `<body xmlns="${NS.HTTPBIND}" rid="1" to="localhost" ver="1.6"/>`;
    const init = method === "POST" ? { body } : {};
    const response = await fetch(`${server.url}/http-bind`, { method, headers: { origin }, ...init });
    expect(response.ok).toBe(isAllowed);
    expect(response.headers.get("access-control-allow-origin")).toBe(isAllowed ? "*" : null);
    expect(server.transports.connectionCount).toBe(isAllowed && method === "POST" ? 1 : 0);
  });
});
