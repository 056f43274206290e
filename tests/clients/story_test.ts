/**
 * The main job with clients that others wrote, over the real server: log in by SCRAM, roster, subscription both ways, chat,
 * a message to somebody away, a connection that breaks, log out.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { TestServer } from "../conversation/test_server.ts";
import type { Account, Person } from "./person.ts";
import { StanzaPerson } from "./stanza_person.ts";
import { StrophePerson } from "./strophe_person.ts";
import { Wire } from "./wire.ts";
import { XmppJsPerson } from "./xmpp_js_person.ts";

const PASSWORD = "Verona's höchster Turm";

const CLIENTS = {
  "@xmpp/client over WebSocket": (account: Account) => new XmppJsPerson(account),
  "stanza over WebSocket": (account: Account) => new StanzaPerson(account, "websocket"),
  "strophe.js over WebSocket": (account: Account) => new StrophePerson(account, "websocket"),
  "strophe.js over BOSH": (account: Account) => new StrophePerson(account, "bosh"),
} satisfies Record<string, (account: Account) => Person>;

type ClientName = keyof typeof CLIENTS;

const PAIRS: readonly (readonly [ClientName, ClientName])[] = [
  ["@xmpp/client over WebSocket", "@xmpp/client over WebSocket"],
  ["stanza over WebSocket", "stanza over WebSocket"],
  ["strophe.js over WebSocket", "strophe.js over WebSocket"],
  ["strophe.js over BOSH", "strophe.js over BOSH"],
  ["@xmpp/client over WebSocket", "strophe.js over BOSH"],
];

let server: TestServer;
const wires: Wire[] = [];
let stories = 0;

beforeAll(async () => {
  server = await TestServer.start();
});

afterAll(async () => {
  for (const wire of wires) wire.close();
  await server.stop();
});

async function enter(name: string, client: ClientName): Promise<{ person: Person; wire: Wire }> {
  const wire = await Wire.to(server.address.httpPort);
  wires.push(wire);
  const jid = `${name}.${stories}@localhost`;
  await server.app.accounts.add(jid, PASSWORD);
  const person = CLIENTS[client]({
    jid,
    password: PASSWORD,
    resource: "verona",
    webSocketUrl: `ws://127.0.0.1:${wire.port}/xmpp-websocket`,
    boshUrl: `http://127.0.0.1:${wire.port}/http-bind`,
  });
  return { person, wire };
}

describe.each(PAIRS)("%s and %s", (romeoClient, julietClient) => {
  test("tell the whole story", async () => {
    stories++;
    const { person: romeo } = await enter("romeo", romeoClient);
    const { person: juliet, wire } = await enter("juliet", julietClient);
    const [romeoJid, julietJid] = [romeo.account.jid, juliet.account.jid];

    await romeo.login();
    await juliet.login();
    expect(romeo.mechanism).toStartWith("SCRAM-SHA-");
    expect(juliet.mechanism).toStartWith("SCRAM-SHA-");
    expect(await romeo.roster()).toEqual({});

    // Each sees the other.
    romeo.subscribe(julietJid);
    await juliet.sees("subscribe", romeoJid);
    juliet.approve(romeoJid);
    await romeo.sees("subscribed", julietJid);
    await romeo.sees("available", julietJid);
    juliet.subscribe(romeoJid);
    await romeo.sees("subscribe", julietJid);
    romeo.approve(julietJid);
    await juliet.sees("subscribed", romeoJid);
    await juliet.sees("available", romeoJid);
    expect(await romeo.roster()).toEqual({ [julietJid]: "both" });
    expect(await juliet.roster()).toEqual({ [romeoJid]: "both" });

    romeo.say(julietJid, "But soft! <What> light & 🌹");
    const heard = await juliet.hears("But soft! <What> light & 🌹");
    expect(heard.delayed).toBe(false);
    expect(heard.from).toStartWith(`${romeoJid}/`);
    juliet.say(heard.from, "Ay me!");
    await romeo.hears("Ay me!");

    // Somebody away.
    romeo.forget();
    await juliet.logout();
    await romeo.sees("unavailable", julietJid);
    romeo.say(julietJid, "She speaks!");
    romeo.say(julietJid, "O, speak again");
    await romeo.roster();
    await juliet.login();
    await romeo.sees("available", julietJid);
    expect((await juliet.hears("She speaks!")).delayed).toBe(true);
    await juliet.hears("O, speak again");
    // What has come is proved once the server has answered what was sent after the proof: from then on nothing comes twice.
    for (let round = 0; round < 2; round++) await juliet.roster();

    // A connection that breaks.
    const recovered = juliet.recovers();
    wire.cut();
    romeo.say(julietJid, "Parting is such sweet sorrow");
    await recovered;
    await juliet.hears("Parting is such sweet sorrow");
    juliet.say(romeoJid, "A thousand times good night!");
    await romeo.hears("A thousand times good night!");
    for (const body of ["She speaks!", "O, speak again", "Parting is such sweet sorrow"])
      expect(juliet.count(body)).toBe(1);

    romeo.forget();
    await juliet.logout();
    await romeo.sees("unavailable", julietJid);
    await romeo.logout();
    expect(server.log.errors).toEqual([]);
  }, 20_000);
});
