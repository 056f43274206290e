/**
 * A whole server of this project and a foreign one: what two people at them say to each other and see of each other. Prints as JSON
 * how far it went. Runs on Bun and on Deno. Argument: its options as JSON.
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createServer } from "../../../server/create_server.ts";
import { OWN } from "./addresses.ts";
import type { LabOptions } from "./lab.ts";
import { PlainClient } from "./plain_client.ts";

const [given = "{}"] = process.argv.slice(2);
const { mode, server: foreign, files, root } = JSON.parse(given) as LabOptions;
const records: string[] = [];
const note = (what: string, fields?: object) => void records.push(`${what} ${JSON.stringify(fields)}`);
const own = createServer({
  domains: [OWN.domain],
  registration: "open",
  store: "sqlite::memory:",
  tls: { cert: files!.cert, key: files!.key },
  outcomes: { track: "all" },
  s2s: { enabled: true, ca: files!.ca, auth: [mode] },
  log: { debug: () => {}, info: note, warn: note, error: note },
});
await own.start();
const { tls: port } = await own.listen({ host: OWN.host, port: false, tlsPort: 0 });
await own.listenForServers({ host: OWN.host, port: OWN.port, tlsPort: false });

const logIn = {
  juliet: () => PlainClient.start({ host: OWN.host, port, domain: OWN.domain, user: "juliet", ca: root }),
  romeo: () => PlainClient.start({ ...foreign, port: foreign.clientPort, user: `romeo${process.pid}` }),
};
const steps: string[] = [];
const facts: Record<string, unknown> = { steps };

/** The one tells the other, who gets it. */
async function step(name: string, from: PlainClient, text: string, to: PlainClient, pattern: RegExp): Promise<string> {
  from.send(text);
  const got = await to.until(pattern);
  steps.push(name);
  return got;
}

const chat = (to: PlainClient, body: string) =>
  `<message xmlns='jabber:client' type='chat' to='${to.jid}' id='${body}'><body>${body}</body></message>`;
const presence = (type: string, to: PlainClient) => `<presence xmlns='jabber:client' type='${type}' to='${to.jid}'/>`;
const typed = (type: string) => new RegExp(`<presence[^>]*type=['"]${type}['"]`);
const availableFrom = ({ jid }: PlainClient) => new RegExp(`<presence(?![^>]*type=)[^>]*from=['"]${jid}/`);
const ping = (to: string, id: string) =>
  `<iq xmlns='jabber:client' type='get' to='${to}' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`;

/** So many messages are proved to be at the other server. */
async function forwarded(count: number): Promise<void> {
  for (;;) {
    const { messages } = await own.outcomes.list({ kind: "forwarded" });
    if (messages.length === count) return;
    await sleep(10);
  }
}

async function play(): Promise<void> {
  let [juliet, romeo] = [await logIn.juliet(), await logIn.romeo()];
  await step("chat out", juliet, chat(romeo, "good night"), romeo, /good night</);
  await step("chat in", romeo, chat(juliet, "parting"), juliet, /parting</);
  await step("subscription out: asked", juliet, presence("subscribe", romeo), romeo, typed("subscribe"));
  await step("subscription out: granted", romeo, presence("subscribed", juliet), juliet, typed("subscribed"));
  await juliet.until(availableFrom(romeo));
  steps.push("presence out");
  await step("subscription in: asked", romeo, presence("subscribe", juliet), juliet, typed("subscribe"));
  await step("subscription in: granted", juliet, presence("subscribed", romeo), romeo, typed("subscribed"));
  await romeo.until(availableFrom(juliet));
  steps.push("presence in");
  await step("IQ out", juliet, ping(foreign.domain, "q1"), juliet, /<iq[^>]*type=['"]result['"]/);
  await step("IQ in", romeo, ping(OWN.domain, "q2"), romeo, /<iq[^>]*type=['"]result['"]/);
  romeo.stop();
  await romeo.ended();
  await juliet.until(typed("unavailable"));
  steps.push("unavailable out");
  juliet.send(chat(romeo, "a thousand times"));
  await forwarded(2);
  romeo = await logIn.romeo();
  await romeo.until(/a thousand times<\/body>/);
  steps.push("offline out, and back");
  await juliet.until(availableFrom(romeo));
  steps.push("presence of who is back");
  juliet.stop();
  await juliet.ended();
  await romeo.until(typed("unavailable"));
  await step(
    "offline in, behind it",
    romeo,
    chat(juliet, "my dear") + ping(OWN.domain, "q4"),
    romeo,
    /type=['"]result['"]/,
  );
  juliet = await logIn.juliet();
  await juliet.until(/my dear<\/body>/);
  steps.push("offline in, and back");
  for (const person of [juliet, romeo]) person.stop();
}

await play().catch((error: unknown) => {
  facts.fault = String(error);
  facts.records = records.slice(-10);
  facts.report = own.s2s.report();
});
console.log(JSON.stringify(facts));
await own.stop();
process.exit(0);
