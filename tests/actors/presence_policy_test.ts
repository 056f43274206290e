/** XEP-0079 section 9: refusing a rule takes the same work whoever the recipient is, so that no watch can tell them apart. */
import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import type { Connection } from "../../actors/connection.ts";
import { Mailbox } from "../../actors/runtime/mailbox.ts";
import type { SessionHandle } from "../../actors/session_service.ts";
import { ActorSystem, type SystemStart } from "../../actors/system.ts";
import { createRegistry } from "../../modules/registry.ts";
import { loadConfig } from "../../server/config.ts";
import { nodeSettings } from "../../server/server_settings.ts";
import { createInlineStore } from "../../store/sqlite_store.ts";
import type { ReadCall, Store, StoreCall } from "../../store/store.ts";
import { Jid } from "../../xmpp/jid.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";
import { NS } from "../../xmpp/ns.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../xmpp/xml/scanned_element.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";

let store: Store;
let system: ActorSystem;
let queries: number;
let sent: string[];

const ACCOUNTS = ["romeo", "online", "offline", "asleep", "blocking", "forwarding"].map((name) => `${name}@localhost`);

beforeEach(async () => {
  const inline = createInlineStore("sqlite::memory:");
  const run = (batch: readonly StoreCall[]) => {
    queries += batch.length;
    return inline.run(batch);
  };
  const read = (calls: readonly ReadCall[]) => {
    queries += calls.length;
    return inline.read(calls);
  };
  store = { open: () => inline.open(), close: () => inline.close(), run, read };
  [queries, sent] = [0, []];
  const opened = await store.open();
  await store.run(ACCOUNTS.map((account) => ["createAccount", account, {}, 0]));
  await store.run([["block", "blocking@localhost", ["romeo@localhost"]]]);
  await store.run([["setForward", "forwarding@localhost", "online@localhost"]]);
  const settings = nodeSettings(loadConfig({ env: {} }));
  const start: SystemStart = {
    settings,
    registry: createRegistry([], settings),
    store,
    log: SILENT_LOG,
    destinations: [],
    now: () => Date.UTC(2026, 10, 22, 12),
    newId: () => "id",
    schedule: () => () => {},
  };
  system = new ActorSystem(start, opened);
});
afterEach(() => store.close());

function connection(): Connection {
  const nothing = () => {};
  return {
    transport: "tcp",
    secure: true,
    address: "",
    backlog: 0,
    send: (text) => void sent.push(text),
    probe: () => true,
    close: nothing,
    pause: nothing,
    resume: nothing,
  };
}

async function binds(name: string): Promise<SessionHandle> {
  const account = Jid.parse(`${name}@localhost`);
  const session = await system.bind({ account, resource: "phone", connection: connection() });
  says(session, xml`<presence xmlns="${NS.CLIENT}"/>`);
  await settles();
  return session;
}

function says(session: SessionHandle, stanza: Markup): void {
  session.tell({ kind: "inbound", element: scanElement(stanza.text, DEFAULT_XML_LIMITS) });
}

async function settles(): Promise<void> {
  for (let round = 0; round < 10; round++) await new Promise((resolve) => setImmediate(resolve));
}

const rules = xml`
  <amp xmlns="${NS.AMP}">
    <rule condition="deliver" value="stored" action="notify"/>
    <rule condition="match-resource" value="any" action="error"/>
    <rule condition="deliver" value="none" action="drop"/>
  </amp>`;
const faulty = xml`<amp xmlns="${NS.AMP}"><rule condition="moon" value="full" action="howl"/></amp>`;

for (const [name, amp] of [
  ["rules that could report", rules],
  ["rules of no protocol", faulty],
] as const) {
  test(`9: ${name}: the same bytes, store queries and actor messages for every recipient`, async () => {
    const romeo = await binds("romeo");
    await binds("online");
    await binds("offline").then((session) => says(session, xml`<presence xmlns="${NS.CLIENT}" type="unavailable"/>`));
    await settles();
    const work = new Set<string>();
    for (const to of [...ACCOUNTS.slice(1), "nobody@localhost"].flatMap((jid) => [jid, `${jid}/phone`])) {
      [queries, sent] = [0, []];
      const tells = spyOn(Mailbox.prototype, "tell");
      says(romeo, xml`<message xmlns="${NS.CLIENT}" type="chat" id="m1" to="${to}"><body>Hi</body>${amp}</message>`);
      await settles();
      work.add(JSON.stringify({ sent, queries, tells: tells.mock.calls.map(([message]) => message.kind) }));
      tells.mockRestore();
    }
    expect([...work]).toHaveLength(1);
    expect([...work][0]).toContain("not-acceptable");
    expect(JSON.parse([...work][0]!).queries).toBe(0);
  });
}
