import { afterEach, expect, test } from "bun:test";
import { type AmpactServer, createServer, type ServerOptions, type Store } from "../../../mod.ts";
import { createInlineStore } from "../../../store/sqlite_store.ts";
import { SILENT_LOG } from "../../../xmpp/log.ts";
import { GatedStore } from "../../actors/delivery/gated_store.ts";
import { parseExposition } from "./exposition.ts";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function made(options: ServerOptions = {}): AmpactServer {
  return createServer({ store: "sqlite::memory:", log: SILENT_LOG, ...options });
}

async function started(options: ServerOptions = {}): Promise<{ readonly server: AmpactServer; readonly url: string }> {
  const server = made(options);
  await server.start();
  stops.push(() => server.stop());
  return { server, url: served(server) };
}

function served(server: AmpactServer): string {
  const http = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: server.metrics.fetch });
  stops.push(() => http.stop(true));
  return `http://127.0.0.1:${http.port}`;
}

const REMOTE = { headers: { "x-forwarded-for": "192.0.2.1" } };

test("/metrics answers clients on this machine only, unless it is enabled; health answers everybody", async () => {
  const { url } = await started();
  expect((await fetch(`${url}/metrics`)).status).toBe(200);
  const refused = await fetch(`${url}/metrics`, REMOTE);
  expect(refused.status).toBe(403);
  expect(await refused.text()).not.toContain("ampact_");
  for (const path of ["/healthz", "/readyz"]) expect((await fetch(url + path, REMOTE)).status).toBe(200);
  const open = await started({ metrics: { enabled: true } });
  expect((await fetch(`${open.url}/metrics`, REMOTE)).status).toBe(200);
});

test("/metrics refuses where the address of the client is not known", async () => {
  const { server } = await started();
  expect((await server.metrics.request("/metrics")).status).toBe(403);
});

test("a server is not ready before its start, while it stops, and after", async () => {
  const store = new GatedStore();
  const server = made({ store });
  const url = served(server);
  const ready = async () => {
    const answer = await fetch(`${url}/readyz`);
    return `${answer.status} ${(await answer.text()).trim()}`;
  };
  expect(await ready()).toBe("503 not started");
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  parseExposition(await (await fetch(`${url}/metrics`)).text());
  await server.start();
  expect(await ready()).toBe("200 ready");
  const stopped = server.stop();
  expect(await ready()).toBe("503 stopping");
  await stopped;
  expect(await ready()).toBe("503 not started");
  await server.start();
  expect(await ready()).toBe("200 ready");
  await server.stop();
});

test("a store that hangs is not ready, is asked once however many ask, and holds up no metrics", async () => {
  const store = new GatedStore();
  let now = Date.now();
  const { url } = await started({ store, now: () => now });
  await fetch(`${url}/readyz`);
  now += 60_000;
  store.isHeld = true;
  const answers = Promise.all(Array.from({ length: 5 }, () => fetch(`${url}/readyz`)));
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(parseExposition(text).samples.has("ampact_waiting_messages")).toBe(false);
  for (const answer of await answers) {
    expect(answer.status).toBe(503);
    expect(await answer.text()).toBe("the store does not answer\n");
  }
  const before = store.commits;
  store.release();
  while (store.commits === before) await Bun.sleep(5);
  await Bun.sleep(50);
  expect(store.commits - before).toBe(1);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test("the store is probed by one small write, and not again for a while", async () => {
  const store = new CountingStore();
  const { url } = await started({ store });
  await Bun.sleep(3100);
  store.batches.length = 0;
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(store.batches).toEqual(["putStreams"]);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(store.batches).toEqual(["putStreams"]);
});

class CountingStore implements Store {
  readonly #store = createInlineStore("sqlite::memory:");
  readonly batches: string[] = [];
  open: Store["open"] = () => this.#store.open();
  close: Store["close"] = () => this.#store.close();
  read: Store["read"] = (calls) => this.#store.read(calls);
  run: Store["run"] = (batch) => {
    this.batches.push(batch.map(([method]) => method).join(","));
    return this.#store.run(batch);
  };
}
