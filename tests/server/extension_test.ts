/** What an app may add to the server from outside: a module with an IQ, a setting and a route. */
import { afterEach, describe, expect, test } from "bun:test";
import { Hono } from "hono";
import {
  type AmpactServer,
  createServer,
  get,
  modules,
  type ServerModule,
  type ServerOptions,
  SILENT_LOG,
  StanzaError,
  setting,
  xml,
} from "../../mod.ts";
import { describeConfig } from "../../server/config.ts";
import { NS } from "../../xmpp/ns.ts";
import { bindIq, plainAuth } from "../transport/fake_services.ts";
import { WebSocketClient } from "../transport/websocket_client.ts";

const DICE = "urn:example:dice";
const SIDES = setting.integer(2, 100, 6, "sides of a die");

/** The module as an app would write it, with nothing but what mod.ts exports. */
const dice: ServerModule = {
  name: "dice",
  xeps: [],
  features: [DICE],
  settings: { most_sides: SIDES },
  iq: {
    [get(DICE, "die")]: ({ payload }, { settings }) => {
      if (payload.attr("sides") !== undefined) throw new StanzaError("not-allowed");
      return xml`<die xmlns="${DICE}" sides="${settings.of(SIDES)}"/>`;
    },
  },
  routes: (app, { settings }) => {
    app.get("/dice", (c) => c.json({ sides: settings.of(SIDES) }));
  },
};

/** The same with a route that needs the running server. */
const census: ServerModule = {
  name: "census",
  xeps: [],
  routes: (app, server) => {
    app.get("/census", async (c) =>
      c.json({ isThere: (await server.store.credentials("user@localhost")) !== undefined }),
    );
  },
};

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function made(options: ServerOptions): AmpactServer {
  return createServer({ domains: ["localhost"], store: "sqlite::memory:", log: SILENT_LOG, ...options });
}

/** Starts the server in an app of its own, as examples/bun.ts does. */
async function serve(options: ServerOptions): Promise<string> {
  const xmpp = made(options);
  await xmpp.start();
  ends.push(() => xmpp.stop());
  await xmpp.accounts.add("user@localhost", "pencil");
  const app = new Hono().route("/", xmpp.app);
  const http = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch, websocket: xmpp.websocket });
  ends.push(() => http.stop(true));
  return `http://127.0.0.1:${http.port}`;
}

async function login(url: string): Promise<WebSocketClient> {
  const client = await WebSocketClient.connect(url);
  ends.push(() => client.socket.close());
  await client.open();
  expect(await client.ask(plainAuth("user"))).toContain("<success");
  await client.open();
  expect(await client.ask(bindIq())).toContain("user@localhost/r");
  return client;
}

function iq(payload: string): string {
  return `<iq xmlns="${NS.CLIENT}" type="get" id="1" to="localhost">${payload}</iq>`;
}

describe("a module in one file, added by one line", () => {
  test("answers its IQ over a WebSocket, is found by disco, and reads its setting", async () => {
    const url = await serve({ modules: [...modules, dice], file: "[dice]\nmost_sides = 20\n" });
    const client = await login(url);
    expect(await client.ask(iq(`<die xmlns="${DICE}"/>`))).toContain(`<die xmlns="${DICE}" sides="20"/>`);
    expect(await client.ask(iq(`<die xmlns="${DICE}" sides="3"/>`))).toContain("<not-allowed");
    expect(await client.ask(iq(`<query xmlns="${NS.DISCO_INFO}"/>`))).toContain(`<feature var="${DICE}"/>`);
    expect(await client.ask(iq(`<ping xmlns="${NS.PING}"/>`))).toContain('type="result"');
  });

  test("serves its route, with the server behind it", async () => {
    const url = await serve({ modules: [...modules, dice, census], settings: { dice: { mostSides: 8 } } });
    expect(await (await fetch(`${url}/dice`)).json()).toEqual({ sides: 8 });
    expect(await (await fetch(`${url}/census`)).json()).toEqual({ isThere: true });
  });

  test("is asked by nobody where the list does not have it", async () => {
    const client = await login(await serve({ modules }));
    expect(await client.ask(iq(`<die xmlns="${DICE}"/>`))).toContain("<service-unavailable");
  });
});

describe("a module's setting", () => {
  const sides = (options: ServerOptions) => made({ modules: [...modules, dice], ...options }).config.of(SIDES);

  test("comes from the file, the environment and code, and has a default", () => {
    const file = "[dice]\nmost_sides = 20\n";
    expect(sides({})).toBe(6);
    expect(sides({ file })).toBe(20);
    expect(sides({ file, env: { AMPACT_DICE_MOST_SIDES: "30" } })).toBe(30);
    expect(sides({ env: { AMPACT_DICE_MOST_SIDES: "30" }, settings: { dice: { mostSides: 40 } } })).toBe(40);
  });

  test("is checked, and is unknown without its module", () => {
    const file = "[dice]\nmost_sides = 1\n";
    expect(() => sides({ file })).toThrow("dice.most_sides: 1 given, expected a whole number from 2 to 100");
    expect(() => sides({ settings: { dice: { sides: 4 } } })).toThrow("dice.sides: 4 given, expected a known option");
    expect(() => made({ file })).toThrow("dice.most_sides: 1 given, expected a known key");
    expect(() => made({}).config.of(SIDES)).toThrow("no module declares it");
  });

  test("is listed by --help", () => {
    expect(describeConfig([...modules, dice])).toContain(
      "AMPACT_DICE_MOST_SIDES\n      sides of a die\n      default: 6",
    );
    expect(describeConfig()).toContain("  external_services ");
  });
});

describe("modules that cannot go together stop the start", () => {
  test("with one IQ in two of them", () => {
    const other: ServerModule = { name: "other", xeps: [], iq: { [get(DICE, "die")]: () => undefined } };
    expect(() => made({ modules: [...modules, dice, other] })).toThrow(
      `Cannot start module other: "get ${DICE} die" is answered by module dice already`,
    );
  });

  test("with a setting that there is already", () => {
    const other: ServerModule = { name: "http", xeps: [], settings: { port: SIDES } };
    expect(() => made({ modules: [other] })).toThrow("Cannot start module http: there is a setting http.port already");
  });
});
