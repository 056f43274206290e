import { afterAll, beforeAll, expect, test } from "bun:test";
import { type LiveServer, startLiveServer } from "../client/live_server.ts";

let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer([]);
});
afterAll(() => live.stop());

async function post(body: string, headers: Record<string, string>): Promise<string> {
  const response = await fetch(live.boshUrl, { method: "POST", body, headers });
  return await response.text();
}

/** What a new BOSH session is offered, and the answer to its request for an account. */
async function register(username: string, headers: Record<string, string>): Promise<[offer: string, answer: string]> {
  const ns = 'xmlns="http://jabber.org/protocol/httpbind"';
  const version = 'xmpp:version="1.0" xmlns:xmpp="urn:xmpp:xbosh"';
  const offer = await post(`<body ${ns} rid="1" to="localhost" wait="5" hold="1" ver="1.6" ${version}/>`, headers);
  const sid = /sid=["']([^"']+)/.exec(offer)?.[1];
  const query = `<query xmlns="jabber:iq:register"><username>${username}</username><password>secret</password></query>`;
  const iq = `<iq xmlns="jabber:client" type="set" id="r">${query}</iq>`;
  return [offer, await post(`<body ${ns} rid="2" sid="${sid}">${iq}</body>`, headers)];
}

test("by default a client of this machine is offered an account, and gets it", async () => {
  const [offer, answer] = await register("nurse", {});
  expect(offer).toContain("http://jabber.org/features/iq-register");
  expect(answer).toContain('type="result"');
});

test("by default a client that comes from elsewhere by a proxy on this machine is offered none, and gets none", async () => {
  const [offer, answer] = await register("tybalt", {
    "x-forwarded-for": "198.51.100.77",
    "x-forwarded-proto": "https",
  });
  expect(offer).toContain("mechanisms");
  expect(offer).not.toContain("http://jabber.org/features/iq-register");
  expect(answer).toContain("not-allowed");
  expect(await live.server.accounts.list()).not.toContain("tybalt@localhost");
});
