import { afterEach, describe, expect, test } from "bun:test";
import { deflateSync, gzipSync } from "node:zlib";
import { StreamError } from "../../../xmpp/errors.ts";
import { NS } from "../../../xmpp/ns.ts";
import { waitFor } from "../fake_carrier.ts";
import { bindIq, plainAuth } from "../fake_services.ts";
import { type LiveServer, startServer } from "../live_server.ts";

let server: LiveServer;
afterEach(() => server.stop());

const terminal = (condition: string) => `<body xmlns="${NS.HTTPBIND}" type="terminate" condition="${condition}"/>`;

function post(body: Bun.BodyInit, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}/http-bind`, { method: "POST", body, ...init });
}

async function text(body: Bun.BodyInit, init?: RequestInit): Promise<string> {
  return (await post(body, init)).text();
}

class Client {
  #sid = "";
  #rid = 1000;

  async create(attributes = 'wait="60" hold="1" ver="1.6"'): Promise<string> {
    const response = await this.send(`to="localhost" xmpp:version="1.0" ${attributes}`);
    this.#sid = / sid="([^"]+)"/.exec(response)?.[1] ?? "";
    return response;
  }

  body(attributes = "", payloads = ""): string {
    const sid = this.#sid === "" ? "" : `sid="${this.#sid}"`;
    return `<body xmlns="${NS.HTTPBIND}" xmlns:xmpp="${NS.XBOSH}" rid="${++this.#rid}" ${sid} ${attributes}>${payloads}</body>`;
  }

  send(attributes = "", payloads = "", init?: RequestInit): Promise<string> {
    return text(this.body(attributes, payloads), init);
  }

  async login(): Promise<void> {
    await this.create();
    await this.send("", plainAuth("user"));
    await this.send('xmpp:restart="true" to="localhost"');
    await this.send("", bindIq());
  }
}

describe("POST /http-bind", () => {
  test("logs in, exchanges stanzas and ends", async () => {
    server = startServer();
    const client = new Client();
    const created = await client.create();
    expect(created).toContain(`<stream:features xmlns:stream="${NS.STREAM}"><mechanisms `);
    expect(await client.send("", plainAuth("user"))).toContain("<success ");
    expect(await client.send('xmpp:restart="true" to="localhost"')).toContain("<bind ");
    expect(await client.send("", bindIq("web"))).toContain("<jid>user@localhost/web</jid>");
    expect(await client.send("", "<message><body>x</body></message>")).toContain("<message><body>x</body></message>");
    const session = server.services.sessions.last;
    const poll = client.send();
    session.request.connection.send("<later/>");
    expect(await poll).toContain("<later/>");
    expect(session.request.connection).toMatchObject({ transport: "bosh", secure: true, address: "127.0.0.1" });
    expect(await client.send('type="terminate"', "<presence/>")).toContain('type="terminate"');
    expect(session.kinds).toEqual(["inbound", "inbound", "disconnected"]);
    expect(session.told.at(-1)).toMatchObject({ clean: true });
    expect(await client.send()).toBe(terminal("item-not-found"));
    expect(server.transports.connectionCount).toBe(0);
  });

  test("says what its responses are, and lets every page read them", async () => {
    server = startServer();
    const response = await post(new Client().body());
    expect(response.headers.get("content-type")).toBe("text/xml; charset=utf-8");
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
  });

  test("takes the content type that the client can read", async () => {
    server = startServer();
    const response = await post(new Client().body('to="localhost" content="text/plain"'));
    expect(response.headers.get("content-type")).toBe("text/plain");
  });

  test.each([
    ["no XML", "hello", "bad-request"],
    ["nothing", "", "bad-request"],
    ["bytes that are no UTF-8", new Uint8Array([0x3c, 0xff]), "bad-request"],
    ["an unknown session", `<body xmlns="${NS.HTTPBIND}" rid="1" sid="nobody"/>`, "item-not-found"],
    ["no domain", `<body xmlns="${NS.HTTPBIND}" ver="1.6" rid="1"/>`, "improper-addressing"],
    ["an empty domain", `<body xmlns="${NS.HTTPBIND}" ver="1.6" rid="1" to=""/>`, "improper-addressing"],
    ["a domain that is not ours", `<body xmlns="${NS.HTTPBIND}" ver="1.6" rid="1" to="a.example"/>`, "host-unknown"],
    ["a bad wait", `<body xmlns="${NS.HTTPBIND}" ver="1.6" rid="1" to="localhost" wait="x"/>`, "bad-request"],
    ["too much", `<body xmlns="${NS.HTTPBIND}" rid="1">${" ".repeat(600_000)}</body>`, "policy-violation"],
  ])("%s is answered with a condition", async (_what, body, condition) => {
    server = startServer();
    const response = await post(body);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(terminal(condition));
  });

  test("too much, in chunks of no known length, is answered too", async () => {
    server = startServer();
    const chunk = new TextEncoder().encode(" ".repeat(100_000));
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 6; i++) controller.enqueue(chunk);
        controller.close();
      },
    });
    expect(await text(body, { duplex: "half" } as RequestInit)).toBe(terminal("policy-violation"));
  });

  test.each([
    ["too much", `${" ".repeat(600_000)}</body>`, "policy-violation"],
    ["much more than is read", `${" ".repeat(20_000_000)}</body>`, "policy-violation"],
    ["too deep", `${"<a>".repeat(100)}${"</a>".repeat(100)}</body>`, "policy-violation"],
    ["no XML", "<a></b></body>", "bad-request"],
    ["text between stanzas", "text</body>", "bad-request"],
  ])("%s in a session ends it", async (_what, rest, condition) => {
    server = startServer();
    const client = new Client();
    await client.login();
    expect(await text(client.body().replace("</body>", rest))).toBe(terminal(condition));
    expect(server.services.sessions.last.kinds).toEqual(["disconnected"]);
    expect(server.transports.connectionCount).toBe(0);
  });

  test("too much for a session that has said farewell leaves it so", async () => {
    server = startServer();
    const client = new Client();
    await client.login();
    server.services.sessions.last.request.connection.close(new StreamError("conflict"));
    expect(await text(client.body().replace("</body>", `${" ".repeat(600_000)}</body>`))).toBe(
      terminal("policy-violation"),
    );
    expect(await client.send()).toContain("<conflict ");
  });

  test("a legacy client is told by HTTP codes", async () => {
    server = startServer();
    const legacy = new Client();
    await legacy.create("");
    expect((await post(legacy.body('sid2=""').replace(/rid="\d+"/, 'rid="99999"'))).status).toBe(404);
    const other = new Client();
    await other.create("");
    expect((await post(other.body().replace("</body>", `${" ".repeat(600_000)}</body>`))).status).toBe(403);
    expect((await post(`<body xmlns="${NS.HTTPBIND}" rid="1" to="localhost" hold="x"/>`)).status).toBe(400);
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ])("reads a body in %s", async (encoding, compress) => {
    server = startServer();
    const body = compress(new Client().body('to="localhost" ver="1.6"'));
    expect(await text(body, { headers: { "content-encoding": encoding } })).toContain(" sid=");
  });

  test.each([
    ["a bomb", gzipSync(" ".repeat(10_000_000)), "gzip", "policy-violation"],
    ["no gzip", Buffer.from("hello"), "gzip", "bad-request"],
    ["an unknown encoding", Buffer.from("hello"), "br", "bad-request"],
  ])("refuses %s", async (_what, body, encoding, condition) => {
    server = startServer();
    expect(await text(body, { headers: { "content-encoding": encoding } })).toBe(terminal(condition));
  });

  test("a stream error comes inside the wrapper", async () => {
    server = startServer();
    const client = new Client();
    await client.create();
    expect(await client.send("", "<message/>")).toBe(
      `<body xmlns="${NS.HTTPBIND}" xmlns:stream="${NS.STREAM}" type="terminate" condition="remote-stream-error">` +
        `<stream:error xmlns:stream="${NS.STREAM}"><not-authorized xmlns="${NS.STREAMS}"/></stream:error></body>`,
    );
  });

  test("a request whose connection breaks gets nothing that would be lost", async () => {
    server = startServer();
    const client = new Client();
    await client.login();
    const { connection } = server.services.sessions.last.request;
    const abort = new AbortController();
    const broken = client.send("", "<presence/>", { signal: abort.signal }).catch(() => "broken");
    await waitFor(() => server.services.sessions.last.inbound.length === 1);
    expect(await broken).toContain("<presence/>");
    const poll = client.send("", "", { signal: abort.signal }).catch(() => "broken");
    await new Promise((resolve) => setTimeout(resolve, 30));
    abort.abort();
    expect(await poll).toBe("broken");
    await new Promise((resolve) => setTimeout(resolve, 30));
    connection.send("<kept/>");
    expect(await client.send("", "<presence/>")).toContain("<kept/>");
  });

  test("closeAll() tells who waits, and makes no session any more", async () => {
    server = startServer();
    const client = new Client();
    await client.login();
    const poll = client.send();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await server.transports.closeAll(new StreamError("system-shutdown"));
    expect(await poll).toContain("<system-shutdown ");
    expect(await new Client().create()).toBe(terminal("system-shutdown"));
  });

  test("an address may not have too many sessions", async () => {
    server = startServer({ connectionsPerAddress: 1 });
    const init = { headers: { "x-forwarded-for": "192.0.2.1" } };
    expect(await text(new Client().body('to="localhost" ver="1.6"'), init)).toContain(" sid=");
    expect(await text(new Client().body('to="localhost" ver="1.6"'), init)).toBe(terminal("policy-violation"));
  });
});

describe("the other methods of /http-bind", () => {
  test("OPTIONS tells what a page of another origin may send", async () => {
    server = startServer();
    const response = await fetch(`${server.url}/http-bind`, { method: "OPTIONS" });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-methods")).toContain("POST");
    expect(response.headers.get("access-control-allow-headers")).toContain("Content-Type");
  });

  test("GET tells a reader what this is", async () => {
    server = startServer();
    expect(await (await fetch(`${server.url}/http-bind`)).text()).toContain("BOSH");
  });
});
