import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect as connectTcp, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type AmpactServer, createServer, ListenError, type ServerOptions } from "../../mod.ts";
import { ensureCertificate } from "../../server/certificate.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";
import { NS } from "../../xmpp/ns.ts";
import { plainAuth } from "../transport/fake_services.ts";

const HOST = "127.0.0.1";
const HEADER = `<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='${NS.STREAM}'>`;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "ampact-listen-"));
  ends.push(() => rmSync(path, { recursive: true }));
  return path;
}

async function started(options: ServerOptions = {}): Promise<AmpactServer> {
  const server = createServer({ store: "sqlite::memory:", log: SILENT_LOG, dataDir: folder(), ...options });
  await server.start();
  ends.push(() => server.stop());
  await server.accounts.add("user@localhost", "pencil");
  return server;
}

function dial(port: number): Promise<Socket> {
  return opened(connectTcp(port, HOST), "connect");
}

function secure(over: { readonly socket: Socket } | { readonly port: number }): Promise<TLSSocket> {
  return opened(
    connectTls({ host: HOST, servername: "localhost", rejectUnauthorized: false, ...over }),
    "secureConnect",
  );
}

function opened<S extends Socket>(socket: S, event: string): Promise<S> {
  ends.push(() => socket.destroy());
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Sends, and reads until the answer has that in it. */
function ask(socket: Socket, text: string, until: string): Promise<string> {
  let answer = "";
  return new Promise((resolve, reject) => {
    const onData = (data: Buffer) => {
      answer += data;
      if (!answer.includes(until)) return;
      socket.off("data", onData);
      resolve(answer);
    };
    socket.on("data", onData);
    socket.once("close", () => reject(new Error(`Closed after ${answer}`)));
    socket.write(text);
  });
}

async function login(socket: Socket): Promise<string> {
  await ask(socket, HEADER, "</stream:features>");
  return ask(socket, plainAuth("user"), "<success");
}

function fault(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("listen()", () => {
  test("serves clients over STARTTLS and over direct TLS, with a certificate that it makes", async () => {
    const server = await started();
    const ports = await server.listen({ host: HOST, port: 0, tlsPort: 0 });
    const plain = await dial(ports.startTls);
    expect(await ask(plain, HEADER, "</stream:features>")).toContain("urn:ietf:params:xml:ns:xmpp-tls");
    await ask(plain, `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`, "<proceed");
    const upgraded = await secure({ socket: plain });
    expect(upgraded.getPeerCertificate().subjectaltname).toBe("DNS:localhost");
    expect(await login(upgraded)).toContain("<success");
    expect(await login(await secure({ port: ports.tls }))).toContain("<success");
    expect(readdirSync(server.config.dataDir)).toContain("selfsigned-cert.pem");
  });

  test("uses a certificate that is given, and makes none", async () => {
    const certificate = await ensureCertificate({ dataDir: folder(), domains: ["given.example"] });
    const server = await started();
    const { startTls, tls } = await server.listen({ host: HOST, port: false, tlsPort: 0, certificate });
    expect(startTls).toBe(0);
    expect((await secure({ port: tls })).getPeerCertificate().subjectaltname).toBe("DNS:given.example");
    expect(readdirSync(server.config.dataDir)).toEqual([]);
  });

  test("listens where the settings say, and nowhere where they say so", async () => {
    const server = await started({ c2s: { port: 0, tlsPort: 0 } });
    expect(await server.listen()).toEqual({ startTls: 0, tls: 0 });
    expect(readdirSync(server.config.dataDir)).toEqual([]);
  });

  test("ends with stop(), and begins again", async () => {
    const server = await started();
    const { tls } = await server.listen({ host: HOST, port: false, tlsPort: 0 });
    await server.stop();
    expect(String(await fault(dial(tls)))).toContain("ECONNREFUSED");
    await server.start();
    const again = await server.listen({ host: HOST, port: false, tlsPort: 0 });
    expect((await secure({ port: again.tls })).authorized).toBe(false);
  });

  test("is refused before start(), and where the port is taken", async () => {
    const server = createServer({ store: "sqlite::memory:", log: SILENT_LOG, dataDir: folder() });
    expect(String(await fault(server.listen({ port: 0 })))).toContain("Cannot listen: server is not started");
    const other = createTcpServer().listen(0, HOST);
    ends.push(() => other.close());
    const { port } = other.address() as { port: number };
    const error = await fault((await started()).listen({ host: HOST, port, tlsPort: false }));
    expect(error).toBeInstanceOf(ListenError);
    expect(String(error)).toContain(`Cannot listen for TCP at ${HOST}:${port}: the port is in use`);
  });
});
