import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { skipReason, TEST_TOOLS } from "../../scripts/install_test_tools/test_tool.ts";
import { ClientProcess } from "./client_process.ts";
import { DOMAIN, type NativeServer, PASSWORD, startNativeServer } from "./native_server.ts";

setDefaultTimeout(20_000);

const JULIET = `juliet@${DOMAIN}`;
const DRIVER = new URL("xmpp_client_driver.mjs", import.meta.url).pathname;

interface Session {
  readonly jid: string;
  readonly secure: boolean;
  readonly tls: string;
}

const missing = skipReason(TEST_TOOLS.node);
if (missing !== undefined) test.skip(`@xmpp/client over TCP ${missing}`, () => {});
else {
  describe("@xmpp/client over TCP with STARTTLS", () =>
    xmppClient(({ startTlsPort }) => `xmpp://localhost:${startTlsPort}`));
  describe("@xmpp/client over TCP with direct TLS", () => xmppClient(({ tlsPort }) => `xmpps://localhost:${tlsPort}`));
}

function xmppClient(service: (server: NativeServer) => string): void {
  let server: NativeServer;
  let clients: ClientProcess;

  beforeAll(async () => {
    server = await startNativeServer(["romeo", "juliet"]);
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: server.certificateFile };
    clients = new ClientProcess(TEST_TOOLS.node.find()!, [DRIVER], env);
  });

  afterAll(async () => {
    await clients?.stop();
    await server?.stop();
  });

  const login = (username: string, password = PASSWORD) =>
    clients.call<Session>(username, "login", { service: service(server), username, password, resource: "node" });
  const received = (name: string, body: string) => clients.event({ client: name, event: "message", body });

  test("logs in with a certificate that it checks", async () => {
    for (const name of ["romeo", "juliet"]) {
      const session = await login(name);
      // Bind 2 makes the resource of the tag that the client asks for and a part of the server's own.
      expect(session.jid).toStartWith(`${name}@${DOMAIN}/node`);
      expect(session.secure).toBe(true);
      expect(session.tls).toMatch(/^TLSv1\.[23]$/);
    }
  });

  test("is refused with a wrong password", async () => {
    await expect(login("tybalt", "a rat")).rejects.toThrow(/not-authorized/);
  });

  test("chats, and pings the server", async () => {
    await clients.call("romeo", "send", { to: JULIET, body: "She speaks!" });
    const message = await received("juliet", "She speaks!");
    expect(message.from).toStartWith(`romeo@${DOMAIN}/node`);
    expect(await clients.call("romeo", "ping")).toBe("pong");
  });

  test("resumes its session after a cut, with the message that came meanwhile", async () => {
    await clients.call("juliet", "cut");
    await clients.call("romeo", "send", { to: JULIET, body: "Art thou gone so?" });
    await clients.event({ client: "juliet", event: "resumed" });
    await received("juliet", "Art thou gone so?");
    expect(server.server.sessionCount).toBe(2);
  });
}
