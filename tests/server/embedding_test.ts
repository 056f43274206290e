/** A server as a part of an app: where it is mounted, and how it ends. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { client, type Element, xml } from "@xmpp/client";
import { Hono } from "hono";
import { serve } from "../../bun.ts";
import { type AmpactServer, createServer, type ServerOptions } from "../../mod.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";

const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function started(options: ServerOptions = {}): Promise<AmpactServer> {
  const xmpp = createServer({ store: "sqlite::memory:", log: SILENT_LOG, ...options });
  stops.push(() => xmpp.stop());
  await xmpp.start();
  return xmpp;
}

function databaseUrl(): string {
  const folder = mkdtempSync(join(tmpdir(), "ampact-embedding-"));
  stops.push(() => rmSync(folder, { recursive: true }));
  return `sqlite:${join(folder, "shop.db")}`;
}

function shop(): Hono {
  return new Hono()
    .get("/", (c) => c.text("shop"))
    .get("/orders/*", (c) => c.text("orders"))
    .all("*", (c) => c.text("not sold here", 404));
}

/** Over WebSocket at `base`: logs in, and gets a message from the app. */
async function receives(xmpp: AmpactServer, base: string): Promise<string | null> {
  await xmpp.accounts.add("romeo@localhost", "secret");
  const service = `${base.replace("http:", "ws:")}/xmpp-websocket`;
  const romeo = client({ service, domain: "localhost", username: "romeo", password: "secret", resource: "phone" });
  romeo.reconnect.stop();
  await romeo.start();
  stops.push(() => romeo.stop());
  const stanza = (name: string) =>
    new Promise<Element>((resolve) => romeo.on("stanza", (each: Element) => each.is(name) && resolve(each)));
  const available = stanza("presence");
  await romeo.send(xml("presence"));
  await available;
  const message = stanza("message");
  expect(await xmpp.send({ to: "romeo@localhost", body: "Good morrow" })).toMatchObject({ kind: "direct" });
  return (await message).getChildText("body");
}

describe("an app serves its own pages, and clients,", () => {
  test.each([
    ["with the server mounted before its routes", "", (xmpp: AmpactServer) => new Hono().route("/", xmpp.app)],
    ["with the server below a path", "/chat", (xmpp: AmpactServer) => new Hono().route("/chat", xmpp.app)],
  ])("%s", async (_, prefix, mounted) => {
    const xmpp = await started();
    const app = mounted(xmpp).route("/", shop());
    await expectBoth(xmpp, app.fetch, prefix);
  });

  test("with the server mounted after its routes", async () => {
    const xmpp = await started();
    const app = new Hono()
      .get("/", (c) => c.text("shop"))
      .get("/orders/*", (c) => c.text("orders"))
      .route("/", xmpp.app)
      .notFound((c) => c.text("not sold here", 404));
    await expectBoth(xmpp, app.fetch, "");
  });

  test.each(["", "/chat"])("without Hono, where it hands on requests below %p", async (prefix) => {
    const xmpp = await started();
    const own = new Set([`${prefix}/xmpp-websocket`, `${prefix}/.well-known/host-meta.json`]);
    const other = shop();
    const fetch = (request: Request, server?: unknown) =>
      own.has(new URL(request.url).pathname) ? xmpp.fetch(request, server as object) : other.fetch(request);
    await expectBoth(xmpp, fetch, prefix);
  });

  async function expectBoth(xmpp: AmpactServer, fetch: Hono["fetch"], prefix: string): Promise<void> {
    const http = serve(xmpp, { port: 0, fetch });
    stops.push(() => http.stop());
    const url = `http://127.0.0.1:${http.port}`;
    const text = async (path: string) => (await globalThis.fetch(`${url}${path}`)).text();
    expect(await text("/")).toBe("shop");
    expect(await text("/orders/7")).toBe("orders");
    expect(await text("/healthz")).toContain("not sold here");
    const { links } = JSON.parse(await text(`${prefix}/.well-known/host-meta.json`));
    const webSocket = links.find(({ rel }: { rel: string }) => rel.endsWith(":websocket")).href;
    expect(webSocket).toBe(`${url.replace("http:", "ws:")}${prefix}/xmpp-websocket`);
    expect(await receives(xmpp, webSocket.replace(/\/xmpp-websocket$/, ""))).toBe("Good morrow");
  }
});

describe("AmpactServer.stop()", () => {
  test("comes with the end of the block (await using)", async () => {
    const store = databaseUrl();
    let ended: AmpactServer;
    {
      await using xmpp = createServer({ store, log: SILENT_LOG });
      await xmpp.start();
      await xmpp.accounts.add("romeo@localhost", "secret");
      ended = xmpp;
    }
    expect(() => ended.accounts.list()).toThrow("it is not started");
    // The database is free again.
    const next = await started({ store });
    expect(await next.accounts.list()).toEqual(["romeo@localhost"]);
  });

  test("gives every message its outcome first, and keeps what is told as stored", async () => {
    const store = databaseUrl();
    const xmpp = await started({ store });
    await xmpp.accounts.add("romeo@localhost", "secret");
    const sent = Array.from({ length: 50 }, (_, at) =>
      xmpp.send({ to: "romeo@localhost", body: `Order ${at} is ready` }),
    );
    await xmpp.stop();
    const outcomes = await Promise.all(sent);
    expect(outcomes.every(({ kind }) => kind === "stored")).toBe(true);
    const next = await started({ store });
    const kept = await next.outcomes.list({ to: "romeo@localhost", limit: 100 });
    expect(kept.messages).toHaveLength(50);
  });

  test("is one stop when it is called twice", async () => {
    const xmpp = await started();
    const [first, second] = [xmpp.stop(), xmpp.stop()];
    expect(first).toBe(second);
    await first;
    await xmpp.start();
    expect(await xmpp.accounts.list()).toEqual([]);
  });
});
