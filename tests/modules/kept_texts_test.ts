/** What a module keeps of a stanza must not keep the whole stanza in memory. @module */
import { expect, test } from "bun:test";
import { readCaps } from "../../modules/caps/learnt_caps.ts";
import { newNode, saveNode } from "../../modules/pubsub/pep_node.ts";
import { readRosterSet } from "../../modules/roster/roster_query.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../xmpp/xml/scanned_element.ts";
import { FakeContext } from "./fake_context.ts";
import { fakeDocuments } from "./fake_documents.ts";

const STANZAS = 200;
const LENGTH = 200_000;

const context = new FakeContext({ store: fakeDocuments() });
const kept: unknown[] = [];

const uses: readonly (readonly [string, string, (stanza: Stanza, i: number) => unknown])[] = [
  ["capabilities", `<c xmlns="${NS.CAPS}" hash="sha-1" node="urn:client" ver="ID"/>`, (s) => readCaps(s, context)],
  [
    "a roster item",
    `<query xmlns="${NS.ROSTER}"><item jid="ID@localhost" name="The name of ID"><group>The group of ID</group></item></query>`,
    (stanza) => readRosterSet(stanza.payload("query", NS.ROSTER)!),
  ],
  [
    "a node",
    `<create xmlns="${NS.PUBSUB}" node="The node of ID"/>`,
    (stanza) => saveNode(newNode(stanza.payload("create", NS.PUBSUB)!.attr("node")!), context),
  ],
];

test.each(uses)("%s", async (_what, payload, keep) => {
  const before = memory();
  for (let i = 0; i < STANZAS; i++) {
    // A text of its own, as it comes from a socket.
    const inner = `${payload.replaceAll("ID", `id-${i}`)}<x xmlns="urn:x">${"x".repeat(LENGTH)}</x>`;
    const text = Buffer.from(`<iq xmlns="${NS.CLIENT}">${inner}</iq>`).toString();
    kept.push(await keep(Stanza.fromScanned(scanElement(text, DEFAULT_XML_LIMITS)), i));
  }
  expect(memory() - before).toBeLessThan((STANZAS * LENGTH) / 2);
});

function memory(): number {
  Bun.gc(true);
  return process.memoryUsage().rss;
}
