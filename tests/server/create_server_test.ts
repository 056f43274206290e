import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { client, type Element, xml as element } from "@xmpp/client";
import { rootApp } from "../../cli/root_app.ts";
import { type AmpactServer, ConfigError, createServer, type ServerOptions, StoreFault, xml } from "../../mod.ts";
import { createInlineStore } from "../../store/sqlite_store.ts";
import type { Credentials, Store } from "../../store/store.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";
import { NS } from "../../xmpp/ns.ts";
import { checkPassword, passwordId } from "../../xmpp/scram_keys.ts";
import { type LiveServer, PASSWORD, startLiveServer } from "../client/live_server.ts";
import { WebSocketClient } from "../transport/websocket_client.ts";

const NOW = Date.parse("2026-11-22T14:00:00Z");
const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function made(options: ServerOptions = {}): AmpactServer {
  return createServer({ store: "sqlite::memory:", log: SILENT_LOG, ...options });
}

async function started(options?: ServerOptions): Promise<AmpactServer> {
  const server = made(options);
  await server.start();
  stops.push(() => server.stop());
  return server;
}

async function live(names: readonly string[]): Promise<LiveServer> {
  const running = await startLiveServer(names);
  stops.push(() => running.stop());
  return running;
}

/** Logs in and waits until the presence counts. */
async function login(service: string, username: string, password = PASSWORD) {
  const xmpp = client({ service, domain: "localhost", username, password, resource: "phone" });
  xmpp.reconnect.stop();
  // Faults are seen by what they make fail.
  xmpp.on("error", () => {});
  await xmpp.start();
  const available = new Promise((resolve) => xmpp.once("stanza", resolve));
  await xmpp.send(element("presence"));
  await available;
  return xmpp;
}

/** Not `rejects`, which in Bun holds up what the promise waits for. */
function fault(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => "", String);
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ampact-server-"));
  stops.push(async () => rmSync(folder, { recursive: true }));
  return folder;
}

describe("createServer()", () => {
  test("takes options before the environment before the file", () => {
    const file = 'domains = ["file.example"]\nregistration = "closed"\n[http]\nport = 1\n';
    const env = { AMPACT_REGISTRATION: "open", AMPACT_HTTP_PORT: "2", HOME: "/" };
    const { config } = made({ file, env, http: { port: 3 } });
    expect(config.domains).toEqual(["file.example"]);
    expect(config.registration).toBe("open");
    expect(config.http.port).toBe(3);
    expect(config.store.url).toBe("sqlite::memory:");
  });

  test("takes the store's URL, and its other settings from file and environment", () => {
    const env = { AMPACT_STORE_PENDING_DELAY_MS: "5" };
    expect(createServer({ store: "sqlite:x.db", env }).config.store).toEqual({
      url: "sqlite:x.db",
      keyFile: "x.db.key",
      pendingDelayMs: 5,
    });
  });

  test("throws ConfigError that names the option", () => {
    expect(() => made({ http: { port: -1 } })).toThrow(ConfigError);
    expect(() => made({ http: { port: -1 } })).toThrow("http.port: -1 given");
    expect(() => made({ https: { port: 1 } } as ServerOptions)).toThrow("a known option");
    expect(() => made({ store: "mysql:x" })).toThrow(ConfigError);
  });

  test("opens nothing before start()", async () => {
    const folder = temporaryFolder();
    const server = createServer({ dataDir: join(folder, "data"), log: SILENT_LOG });
    expect(server.sessionCount).toBe(0);
    expect(() => server.accounts.list()).toThrow("Cannot use server: it is not started");
    await expect(server.send({ to: "romeo@localhost" })).rejects.toThrow("it is not started");
    expect(await Array.fromAsync(new Bun.Glob("**").scan(folder))).toEqual([]);
  });

  test("start() throws StoreFault where the store cannot be opened", async () => {
    const server = made({ store: `sqlite:${temporaryFolder()}` });
    await expect(server.start()).rejects.toThrow(StoreFault);
  });

  test("takes a store of the app's own, and keeps what is in it over a restart", async () => {
    const store = createInlineStore(`sqlite:${join(temporaryFolder(), "own.db")}`);
    const first = made({ store });
    await first.start();
    await first.accounts.add("romeo@localhost", "x");
    await first.stop();
    const second = await started({ store });
    expect(await second.accounts.list()).toEqual(["romeo@localhost"]);
  });

  test("serves its pages on the app, mounted in another", async () => {
    const server = await started({ domains: ["chat.example"] });
    const response = await server.app.request("/.well-known/host-meta.json");
    expect(await response.text()).toContain("urn:xmpp:alt-connections:websocket");
    expect((await server.app.request("/")).status).toBe(404);
    const page = await rootApp(server).request("/");
    expect(await page.text()).toBe(
      "ampact, an XMPP server for chat.example\nWebSocket: /xmpp-websocket\nBOSH: /http-bind\n",
    );
  });
});

describe("AmpactServer.start()", () => {
  const creation = `<body xmlns="http://jabber.org/protocol/httpbind" rid="1" to="localhost" wait="0" ver="1.6"/>`;

  test("serves again after stop()", async () => {
    const server = made({ store: `sqlite:${join(temporaryFolder(), "again.db")}` });
    stops.unshift(() => server.stop());
    await server.start();
    await server.stop();
    await server.start();
    const response = await server.app.request("/http-bind", { method: "POST", body: creation });
    expect(await response.text()).toContain(" sid=");
  });

  test("throws where the server is started already, which goes on", async () => {
    const server = await started();
    await expect(server.start()).rejects.toThrow("it is started already");
    await server.accounts.add("romeo@localhost", "x");
    expect(await server.accounts.list()).toEqual(["romeo@localhost"]);
  });

  test("may be tried again where the store could not be opened", async () => {
    const folder = temporaryFolder();
    const server = made({ store: `sqlite:${join(folder, "db")}` });
    stops.unshift(() => server.stop());
    mkdirSync(join(folder, "db"));
    await expect(server.start()).rejects.toThrow(StoreFault);
    rmSync(join(folder, "db"), { recursive: true });
    await server.start();
    expect(await server.accounts.list()).toEqual([]);
  });
});

describe("AmpactServer.accounts", () => {
  test("adds, lists in pages, changes and removes", async () => {
    const { accounts } = await started();
    for (const name of ["c", "a", "b"]) expect(await accounts.add(`${name}@localhost`, "x")).toBe(true);
    expect(await accounts.add("A@localhost", "y")).toBe(false);
    expect(await accounts.list()).toEqual(["a@localhost", "b@localhost", "c@localhost"]);
    expect(await accounts.list("a@localhost", 1)).toEqual(["b@localhost"]);
    expect(await accounts.setPassword("a@localhost", "z")).toBe(true);
    expect(await accounts.setPassword("d@localhost", "z")).toBe(false);
    expect(await accounts.remove("a@localhost")).toBe(true);
    expect(await accounts.remove("a@localhost")).toBe(false);
  });

  test("add() makes an account of a name that nobody had a moment ago", async () => {
    const { server, webSocketUrl } = await live([]);
    const message = { to: "romeo@localhost", body: "hi" };
    expect(await server.send(message)).toMatchObject({ kind: "none" });
    const early = server.send(message);
    const added = server.accounts.add("romeo@localhost", PASSWORD);
    expect(await early).toMatchObject({ kind: "none" });
    await added;
    expect(await server.send(message)).toEqual({ kind: "stored" });
    const romeo = await login(webSocketUrl, "romeo");
    const roster = await romeo.iqCaller.get(element("query", { xmlns: "jabber:iq:roster" }));
    expect(roster?.name).toBe("query");
    await romeo.stop();
  });

  test("refuse what is no bare JID", async () => {
    const { accounts } = await started();
    for (const jid of ["localhost", "a@localhost/x", "@localhost", "a b@localhost"]) {
      expect(await fault(accounts.add(jid, "x"))).toContain("Cannot use ");
    }
    expect(await fault(accounts.add("a@localhos", "x"))).toContain("localhos is not served");
  });

  test("remove() ends the streams of the account", async () => {
    const { server, webSocketUrl } = await live(["romeo"]);
    const romeo = await login(webSocketUrl, "romeo");
    expect(server.sessionCount).toBe(1);
    const gone = new Promise((resolve) => romeo.once("disconnect", resolve));
    await server.accounts.remove("romeo@localhost");
    await gone;
    await romeo.stop();
    expect(await fault(login(webSocketUrl, "romeo"))).toContain("not-authorized");
  });

  test("setPassword() counts at the next login", async () => {
    const { server, webSocketUrl } = await live(["romeo"]);
    await server.accounts.setPassword("romeo@localhost", "new");
    expect(await fault(login(webSocketUrl, "romeo"))).toContain("not-authorized");
    await (await login(webSocketUrl, "romeo", "new")).stop();
  });
});

describe("auth.scram_rounds", () => {
  const login = (data: string, ns: string) =>
    ns === NS.SASL
      ? `<auth xmlns="${ns}" mechanism="PLAIN">${data}</auth>`
      : `<authenticate xmlns="${ns}" mechanism="PLAIN"><initial-response>${data}</initial-response></authenticate>`;

  const storeAt = (url: string) => createInlineStore(url, { keyFile: `${url.replace("sqlite:", "")}.key` });

  /** A store that tells what it renews. */
  function watched(url: string): { readonly store: Store; readonly renewed: Promise<Credentials> } {
    const store = storeAt(url);
    const { run } = store;
    const renewed = new Promise<Credentials>((resolve) => {
      store.run = async (calls) => {
        const replies = await run.call(store, calls);
        const call = calls.find(([method]) => method === "renewCredentials");
        if (call !== undefined) resolve(call[2] as Credentials);
        return replies;
      };
    });
    return { store, renewed };
  }

  async function credentials(url: string): Promise<Credentials> {
    const store = storeAt(url);
    await store.open();
    const [reply] = await store.run([["credentials", "romeo@localhost"]]);
    await store.close();
    return (reply as { readonly value: Credentials }).value;
  }

  test.each([NS.SASL, NS.SASL2])("keys of fewer are renewed by a login with PLAIN: %s", async (ns) => {
    const url = `sqlite:${join(temporaryFolder(), "ampact.db")}`;
    const before = made({ store: url, auth: { scramRounds: 4096 } });
    await before.start();
    await before.accounts.add("romeo@localhost", PASSWORD);
    await before.stop();
    const old = await credentials(url);
    const { store, renewed } = watched(url);
    const server = await started({ store, auth: { scramRounds: 5000 } });
    const { app, websocket } = server;
    const http = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch, websocket: websocket as never });
    stops.unshift(() => http.stop(true));
    const client = await WebSocketClient.connect(`http://127.0.0.1:${http.port}`);
    await client.open();
    expect(await client.ask(login(btoa(`\0romeo\0${PASSWORD}`), ns))).toStartWith("<success ");
    await renewed;
    await server.stop();
    const kept = await credentials(url);
    expect(Object.entries(kept).map(([hash, { iterations }]) => [hash, iterations])).toEqual([
      ["SHA-512", 5000],
      ["SHA-256", 5000],
      ["SHA-1", 5000],
    ]);
    // Login tokens are void when this changes.
    expect(passwordId(kept)).toBe(passwordId(old));
    expect(await checkPassword(PASSWORD, kept)).toBe(true);
  });
});

describe("AmpactServer.send()", () => {
  const tomorrow = new Date(NOW + 86_400_000).toISOString();
  const yesterday = new Date(NOW - 86_400_000).toISOString();

  test.each([
    ["stored", { to: "romeo@localhost" }, { kind: "stored" }],
    ["stored before its time is over", { rules: [["expire-at", tomorrow, "drop"]] }, { kind: "stored" }],
    ["dropped by a rule", { rules: [["deliver", "stored", "drop"]] }, { kind: "dropped", rule: { value: "stored" } }],
    ["too late", { rules: [["expire-at", yesterday, "drop"]] }, { kind: "expired", rule: { value: yesterday } }],
    ["to nobody", { to: "nobody@localhost" }, { kind: "none", condition: "service-unavailable" }],
    ["elsewhere", { to: "romeo@elsewhere" }, { kind: "none", condition: "remote-server-not-found" }],
    ["a headline to somebody away", { type: "headline" }, { kind: "dropped" }],
  ] as const)("tells what became of a message: %s", async (_, message, outcome) => {
    const server = await started({ now: () => NOW });
    await server.accounts.add("romeo@localhost", "x");
    const { rules = [], ...rest } = { to: "romeo@localhost", body: "hi", ...message } as {
      readonly to: string;
      readonly body: string;
      readonly rules?: readonly (readonly [never, string, never])[];
    };
    const asked = rules.map(([condition, value, action]) => ({ condition, value, action }));
    const sent = { ...rest, from: "shop@localhost", ...(asked.length > 0 && { rules: asked }) };
    expect(await server.send(sent)).toMatchObject(outcome);
  });

  test("tells that a device has proved to have it, and carries content", async () => {
    const { server, webSocketUrl } = await live(["romeo"]);
    const romeo = await login(webSocketUrl, "romeo");
    const received = new Promise<Element>((resolve) => romeo.once("stanza", resolve));
    const content = xml`<order xmlns="urn:example:shop" id="${"<7>"}"/>`;
    const outcome = await server.send({
      to: "romeo@localhost",
      body: "ready & waiting",
      content,
      id: "o7",
      type: "normal",
    });
    expect(outcome).toEqual({ kind: "direct", resource: expect.stringMatching(/^phone/) });
    const message = await received;
    expect(message.attrs).toMatchObject({ from: "localhost", to: "romeo@localhost", id: "o7" });
    expect(message.getChildText("body")).toBe("ready & waiting");
    expect(message.getChild("order", "urn:example:shop")?.attrs.id).toBe("<7>");
    await romeo.stop();
  });

  test("throws where an address is none", async () => {
    const server = await started();
    await expect(server.send({ to: "@" })).rejects.toThrow();
    await expect(server.send({ from: "a b@localhost", to: "romeo@localhost" })).rejects.toThrow();
  });
});

describe("AmpactServer.stop()", () => {
  test("closes all streams with system-shutdown", async () => {
    const running = await live(["romeo"]);
    const romeo = await login(running.webSocketUrl, "romeo");
    const error = new Promise<Element>((resolve) => {
      romeo.on("nonza", (nonza: Element) => {
        if (nonza.getName() === "error") resolve(nonza);
      });
    });
    await running.server.stop();
    expect((await error).getChild("system-shutdown")).toBeDefined();
    expect(running.server.sessionCount).toBe(0);
    await romeo.stop();
  });

  test("writes or refuses what comes while it stops, and asks nothing of a closed store", async () => {
    const database = createInlineStore("sqlite::memory:");
    let isClosed = false;
    let late = 0;
    const store: Store = {
      open: () => database.open(),
      close: () => {
        isClosed = true;
        return database.close();
      },
      run: (batch) => {
        if (isClosed) late++;
        return database.run(batch);
      },
      read: (calls) => {
        if (isClosed) late++;
        return database.read(calls);
      },
    };
    const server = await started({ store });
    await server.accounts.add("juliet@localhost", PASSWORD);
    const send = async (): Promise<string> => {
      try {
        return (await server.send({ from: "localhost", to: "juliet@localhost", body: "Hi" })).kind;
      } catch (error) {
        return String(error);
      }
    };
    const stopping = server.stop();
    const outcomes = [send()];
    for (let count = 0; count < 20; count++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      outcomes.push(send());
    }
    await stopping;
    const kinds = await Promise.all(outcomes);
    expect(kinds[0]).toBe("stored");
    expect(kinds.at(-1)).toBe("Error: Cannot use server: it is not started");
    expect(kinds.every((kind) => kind === "stored" || kind === "none" || kind === kinds.at(-1))).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(late).toBe(0);
  });

  test("is allowed before start(), and twice", async () => {
    const server = made();
    await server.stop();
    await server.start();
    await server.stop();
    await server.stop();
  });
});
