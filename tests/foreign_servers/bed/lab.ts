/**
 * Speaks with one foreign server over the streams of this project, and prints what has happened as JSON. Runs on Bun and on Deno. Argument: its options as JSON.
 * @module
 */
import { createNameResolver } from "../../../transport/s2s/name_resolver.ts";
import type { CertificatePem } from "../../../transport/tcp/tls_certificate.ts";
import { LinkEnd, TestDns, until } from "../../transport/s2s/link_end.ts";
import { DNS, OWN } from "./addresses.ts";
import { DIRECT_TLS_PORT, type ForeignServer, type Mode } from "./foreign_server.ts";
import { PlainClient } from "./plain_client.ts";

export interface LabOptions {
  readonly mode: Mode;
  readonly server: ForeignServer;
  readonly certificate: CertificatePem;
  readonly root: string;
  readonly bidi: boolean;
  /** Outwards by direct TLS: XEP-0368. */
  readonly direct: boolean;
  /** What the other server thinks of our certificate is all that is asked. */
  readonly isOutOnly?: boolean;
  /** Of the authority and of our certificate, for a whole server. */
  readonly files?: { readonly cert: string; readonly key: string; readonly ca: string };
}

const [given = "{}"] = process.argv.slice(2);
const { mode, server, certificate, root, bidi, direct, isOutOnly = false } = JSON.parse(given) as LabOptions;
const facts: Record<string, unknown> = {};
const direction = new TestDns();
direction.put(server.domain, DIRECT_TLS_PORT, true);
direction.hosts.set(`xmpp.${server.domain}`, [server.host]);
const end = new LinkEnd({
  domains: [OWN.domain],
  dns: direct ? direction : createNameResolver([DNS]),
  certificate,
  ca: root,
  settings: { auth: [mode], bidi },
});
if (isOutOnly) {
  const text = `<presence xmlns="jabber:client" from="juliet@${OWN.domain}/x" to="romeo@${server.domain}"/>`;
  const { fault = "", message = "" } = await end.send(text, false).then(
    () => ({}),
    (error) => error,
  );
  console.log(JSON.stringify({ fault, message }));
  await end.stop();
  process.exit(0);
}
try {
  await end.s2s.listeners.listen({ host: OWN.host, port: OWN.port, direct: false });
  const client = await PlainClient.start({ ...server, port: server.clientPort, user: `romeo${bidi}${direct}` });
  const juliet = `juliet@${OWN.domain}`;
  const message = (i: number) =>
    `<message xmlns="jabber:client" from="${juliet}/balcony" to="${client.jid}" id="m${i}" type="chat"><body>out ${i}</body></message>`;
  await Promise.all([1, 2, 3].map((i) => end.send(message(i), true)));
  facts.out = await client.until(/out 1<[\s\S]*out 2<[\s\S]*out 3</).then(() => 3);
  for (const i of [1, 2, 3])
    client.send(`<message to='${juliet}' id='i${i}' type='chat'><body>in ${i}</body></message>`);
  await until(() => end.contents.length >= 3, 8000);
  facts.in = end.stanzas.map((stanza) => /in \d/.exec(stanza.inner)?.[0]);
  facts.from = end.stanzas.map((stanza) => stanza.from?.bare.text);
  facts.streams = end.s2s.links
    .report()
    .streams.map(({ direction, auth, encrypted, sm }) => ({ direction, auth, encrypted, sm }));
  client.stop();
} catch (error) {
  facts.failed = String(error);
  facts.records = end.records.slice(-10);
  facts.report = end.s2s.links.report();
}
console.log(JSON.stringify(facts));
await end.stop();
process.exit(0);
