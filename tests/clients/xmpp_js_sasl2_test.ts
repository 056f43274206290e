import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { xml } from "@xmpp/client";
import { ensureCertificate } from "../../server/certificate.ts";
import { NS } from "../../xmpp/ns.ts";
import { PASSWORD, TestServer } from "../conversation/test_server.ts";
import { waitFor } from "../transport/fake_carrier.ts";
import { type Element, type FastToken, XmppJs } from "./xmpp_js.ts";

const DAY = 86_400_000;
const USER_AGENT = "d4565fa7-4d72-4749-b3d3-740edbf87770";

let server: TestServer;
let tlsPort: number;
let later = 0;
const clients: XmppJs[] = [];
const rejectUnauthorized = process.env.NODE_TLS_REJECT_UNAUTHORIZED;

beforeAll(async () => {
  server = await TestServer.start({ now: () => Date.now() + later });
  for (const name of ["romeo", "juliet"]) await server.app.accounts.add(`${name}@localhost`, PASSWORD);
  const dataDir = mkdtempSync(join(tmpdir(), "ampact-tls-"));
  server.app.tcp.useCertificate(await ensureCertificate({ dataDir, domains: ["localhost"] }));
  rmSync(dataDir, { recursive: true });
  tlsPort = (await server.app.tcp.listen({ host: "127.0.0.1", port: 0, mode: "tls" })).port;
  // The certificate is self-signed, and @xmpp/client has no option for that.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.stop();
});

afterAll(async () => {
  if (rejectUnauthorized === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  else process.env.NODE_TLS_REJECT_UNAUTHORIZED = rejectUnauthorized;
  await server.stop();
});

const SERVICES = {
  WebSocket: () => `ws://127.0.0.1:${server.address.httpPort}/xmpp-websocket`,
  "TCP with STARTTLS": () => `xmpp://127.0.0.1:${server.address.tcpPort}`,
  "TCP with TLS": () => `xmpps://127.0.0.1:${tlsPort}`,
};

describe.each(Object.entries(SERVICES))("@xmpp/client over %s", (_name, service) => {
  function make(username: string, options: Partial<ConstructorParameters<typeof XmppJs>[0]> = {}): XmppJs {
    const client = new XmppJs({ service: service(), username, password: PASSWORD, resource: "garden", ...options });
    clients.push(client);
    return client;
  }

  async function enter(username: string, options?: Partial<ConstructorParameters<typeof XmppJs>[0]>): Promise<XmppJs> {
    const client = make(username, options);
    await client.start();
    return client;
  }

  test("logs in, binds and manages its stream in one go", async () => {
    const romeo = await enter("romeo");
    expect(romeo.jid).toMatch(/^romeo@localhost\/garden\/[\w-]{14}$/);
    expect(romeo.sentNames()).toEqual(["authenticate", "response"]);
    expect(romeo.mechanisms()).toEqual(["SCRAM-SHA-1"]);
    expect(romeo.receivedNames()).toEqual(["features", "challenge", "success", "features"]);
    expect(romeo.opened()).toBe(service().startsWith("xmpp:") ? 2 : 1);
    const bound = romeo.success()!.getChild("bound", NS.BIND2)!;
    expect(bound.getChild("enabled", NS.SM)!.attrs).toMatchObject({ resume: "true", id: expect.any(String) });
    expect(bound.getChild("metadata", NS.MAM)).toBeDefined();
    expect(romeo.client.streamManagement.enabled).toBe(true);
    expect(await romeo.client.iqCaller.get(romeo.ping(), "localhost")).toBeUndefined();
  });

  test("is told of a wrong password", async () => {
    const romeo = make("romeo", { password: "no" });
    await expect(romeo.start()).rejects.toMatchObject({ name: "SASLError", condition: "not-authorized" });
    expect(server.app.sessionCount).toBe(0);
  });

  test("keeps its resource, and has one session only", async () => {
    const first = await enter("romeo", { userAgent: USER_AGENT });
    const second = await enter("romeo", { userAgent: USER_AGENT, resource: "balcony" });
    const third = await enter("romeo", { userAgent: USER_AGENT });
    expect(third.jid).toBe(first.jid);
    expect(second.jid).not.toBe(first.jid);
    await waitFor(() => server.app.sessionCount === 1);
    const other = await enter("romeo");
    expect(other.jid).not.toBe(first.jid);
    expect(server.app.sessionCount).toBe(2);
  }, 20_000);

  test("resumes after a cut, with a token and what it has missed", async () => {
    const romeo = await enter("romeo");
    const juliet = await enter("juliet");
    await juliet.send(`<presence xmlns="jabber:client"/>`);
    const { jid } = juliet;
    juliet.forget();
    juliet.cut();
    await waitFor(() => juliet.client.status === "disconnect");
    await romeo.chat(jid, "Wherefore art thou");
    juliet.client.reconnect.scheduleReconnect();
    await juliet.message("Wherefore art thou");
    expect(juliet.mechanisms()).toEqual(["HT-SHA-256-NONE"]);
    expect(juliet.success()!.getChild("resumed", NS.SM)).toBeDefined();
    expect(juliet.success()!.getChildText("authorization-identifier")).toBe(jid);
    expect(juliet.receivedNames().slice(0, 2)).toEqual(["features", "success"]);
    expect(juliet.receivedNames().slice(2)).not.toContain("features");
    await waitFor(() => juliet.client.status === "online");
    await juliet.chat(romeo.jid, "here");
    await romeo.message("here");
    expect(server.app.sessionCount).toBe(2);
  });

  test("binds anew where the session is gone, and fails what was under way", async () => {
    const juliet = await enter("juliet", { userAgent: USER_AGENT });
    juliet.forget();
    juliet.client.streamManagement.id = "gone";
    juliet.cut();
    await waitFor(() => juliet.client.status === "disconnect");
    juliet.client.reconnect.scheduleReconnect();
    await waitFor(() => juliet.success() !== undefined);
    const success = juliet.success()!;
    expect(success.getChild("failed", NS.SM)!.getChild("item-not-found", NS.STANZAS)).toBeDefined();
    expect(success.getChild("bound", NS.BIND2)!.getChild("enabled", NS.SM)).toBeDefined();
    await waitFor(() => server.app.sessionCount === 1);
    expect(await juliet.client.iqCaller.get(juliet.ping(), "localhost")).toBeUndefined();
  });

  describe("with FAST", () => {
    async function tokenOf(username: string): Promise<FastToken> {
      const client = await enter(username, { userAgent: USER_AGENT });
      const token = client.token!;
      await client.stop();
      return token;
    }

    test("gets a token, and logs in with nothing else", async () => {
      const token = await tokenOf("romeo");
      expect(token).toEqual({ mechanism: "HT-SHA-256-NONE", token: expect.any(String), expiry: expect.any(String) });
      const romeo = await enter("romeo", { userAgent: USER_AGENT, password: "", token });
      expect(romeo.sentNames()).toEqual(["authenticate"]);
      expect(romeo.mechanisms()).toEqual(["HT-SHA-256-NONE"]);
      expect(romeo.token!.token).not.toBe(token.token);
      expect(romeo.jid).toStartWith("romeo@localhost/garden/");
    });

    test("falls back to the password where the token is none, and gets a new one", async () => {
      const token = { ...(await tokenOf("romeo")), token: "x" };
      const romeo = await enter("romeo", { userAgent: USER_AGENT, token });
      expect(romeo.mechanisms()).toEqual(["HT-SHA-256-NONE", "SCRAM-SHA-1"]);
      expect(romeo.token!.token).not.toBe("x");
    });

    test("falls back to the password where another client has the token", async () => {
      const token = await tokenOf("romeo");
      const romeo = await enter("romeo", { token });
      expect(romeo.mechanisms()).toEqual(["HT-SHA-256-NONE", "SCRAM-SHA-1"]);
    });

    test("falls back to the new password when it has changed", async () => {
      const token = await tokenOf("romeo");
      await server.app.accounts.setPassword("romeo@localhost", "new");
      const romeo = await enter("romeo", { userAgent: USER_AGENT, token, password: "new" });
      await server.app.accounts.setPassword("romeo@localhost", PASSWORD);
      expect(romeo.mechanisms()).toEqual(["HT-SHA-256-NONE", "SCRAM-SHA-1"]);
      expect(romeo.conditions()).toEqual(["credentials-expired"]);
    });

    test("gets a new token when the old one is a day old, and may still use the old one until then", async () => {
      const token = await tokenOf("romeo");
      later += DAY;
      const options = { userAgent: USER_AGENT, password: "" };
      const second = await enter("romeo", { ...options, token });
      const next = second.token!;
      expect(next.token).not.toBe(token.token);
      const third = await enter("romeo", { ...options, token });
      expect(third.mechanisms()).toEqual(["HT-SHA-256-NONE"]);
      const latest = third.token!;
      await enter("romeo", { ...options, token: latest });
      const fifth = await enter("romeo", { userAgent: USER_AGENT, token });
      expect(fifth.conditions()).toEqual(["not-authorized"]);
    });
  });
});

test("a message that waits reaches a client that binds inline and reads no archive", async () => {
  const service = SERVICES.WebSocket();
  const romeo = new XmppJs({ service, username: "romeo", password: PASSWORD });
  const juliet = new XmppJs({ service, username: "juliet", password: PASSWORD });
  clients.push(romeo, juliet);
  await romeo.start();
  await romeo.chat("juliet@localhost", "good night");
  await server.commits();
  await juliet.start();
  await juliet.send(`<presence xmlns="jabber:client"/>`);
  const message: Element = await juliet.message("good night");
  expect(message.getChild("delay", NS.DELAY)).toBeDefined();
});

test("carbons that were enabled with the resource come from the first message on", async () => {
  const service = SERVICES.WebSocket();
  const [away, here] = ["balcony", "garden"].map(
    (resource) => new XmppJs({ service, username: "juliet", password: PASSWORD, resource }),
  ) as [XmppJs, XmppJs];
  clients.push(away, here);
  away.client.bind2.use(NS.CARBONS, () => xml("enable", { xmlns: NS.CARBONS }));
  await away.start();
  await here.start();
  await here.chat("romeo@localhost", "parting is such sweet sorrow");
  const carbon = await away.child("sent", NS.CARBONS);
  expect(carbon.getChild("forwarded", NS.FORWARD)!.toString()).toContain("parting is such sweet sorrow");
  await here.chat(away.jid, "good night");
  await away.message("good night");
});
