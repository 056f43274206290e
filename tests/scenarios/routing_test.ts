/** RFC 6121 section 8.5: where a message goes, by its type, its address, and who is there. Every row of the table. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import type { Device } from "../conversation/device.ts";
import { MANAGED, stage } from "../conversation/stage.ts";

/** Strangers are answered as contacts are: strangers_test.ts has how they are not, by default. */
const scenario = stage({ amp: { presencePolicy: "open" } });

const TYPES = ["normal", "chat", "headline", "groupchat", "error"] as const;

/** Who gets it: devices by name, the store, an error to the sender, or nobody at all. */
type Outcome = readonly string[] | "stored" | "refused" | "ignored";

interface Row {
  readonly clause: string;
  readonly state: string;
  /** Juliet's resources and their priorities; undefined: connected without presence. */
  readonly resources: Readonly<Record<string, number | undefined>>;
  /** The resource in the address, "" for the bare JID. */
  readonly to: string;
  readonly account?: "unknown";
  readonly outcomes: readonly [normal: Outcome, chat: Outcome, headline: Outcome, groupchat: Outcome, error: Outcome];
}

const nobody = ["stored", "stored", "ignored", "refused", "ignored"] as const;
const unknown = ["refused", "refused", "refused", "refused", "ignored"] as const;
const all = (...devices: string[]) => [devices, devices, devices, devices, devices] as const;
const bare = (...devices: string[]) => [devices, devices, devices, "refused", "ignored"] as const;

const ROWS: readonly Row[] = [
  { clause: "8.5.1", state: "no such account", account: "unknown", resources: {}, to: "", outcomes: unknown },
  { clause: "8.5.1", state: "no such account", account: "unknown", resources: {}, to: "balcony", outcomes: unknown },
  { clause: "8.5.2.2", state: "nobody there", resources: {}, to: "", outcomes: nobody },
  { clause: "8.5.2.1", state: "negative priority only", resources: { balcony: -1 }, to: "", outcomes: nobody },
  { clause: "8.5.2.2", state: "connected, not available", resources: { balcony: undefined }, to: "", outcomes: nobody },
  { clause: "8.5.2.1", state: "one resource", resources: { balcony: 0 }, to: "", outcomes: bare("balcony") },
  {
    clause: "8.5.2.1",
    state: "several resources",
    resources: { balcony: 0, chamber: 5, garden: -1, asleep: undefined },
    to: "",
    outcomes: bare("balcony", "chamber"),
  },
  { clause: "8.5.3.1", state: "that resource", resources: { balcony: 0 }, to: "balcony", outcomes: all("balcony") },
  {
    clause: "8.5.3.1",
    state: "that resource, negative",
    resources: { balcony: -5 },
    to: "balcony",
    outcomes: all("balcony"),
  },
  {
    clause: "8.5.3.1",
    state: "that resource, not available",
    resources: { balcony: undefined },
    to: "balcony",
    outcomes: all("balcony"),
  },
  {
    clause: "8.5.3.1",
    state: "that resource and better ones",
    resources: { balcony: -1, chamber: 9 },
    to: "balcony",
    outcomes: all("balcony"),
  },
  {
    clause: "8.5.3.2.1",
    state: "nobody there",
    resources: {},
    to: "balcony",
    outcomes: ["refused", "stored", "ignored", "refused", "ignored"],
  },
  {
    clause: "8.5.3.2.1",
    state: "another resource",
    resources: { chamber: 0 },
    to: "balcony",
    outcomes: ["refused", ["chamber"], "ignored", "refused", "ignored"],
  },
  {
    clause: "8.5.3.2.1",
    state: "others, negative and not",
    resources: { chamber: 0, garden: -1, attic: 1 },
    to: "balcony",
    outcomes: ["refused", ["chamber", "attic"], "ignored", "refused", "ignored"],
  },
  {
    clause: "8.5.3.2.1",
    state: "another of negative priority",
    resources: { chamber: -1 },
    to: "balcony",
    outcomes: ["refused", "stored", "ignored", "refused", "ignored"],
  },
];

for (const row of ROWS) {
  for (const [at, type] of TYPES.entries()) {
    const outcome = row.outcomes[at]!;
    const address = row.to === "" ? "bare JID" : "full JID";
    const shown = typeof outcome === "string" ? outcome : `to ${outcome.join(" and ")}`;
    scenario(
      `6121 ${row.clause}: ${type} to the ${address}, ${row.state}: ${shown}`,
      async ({ romeo, juliet, paris, settled }) => {
        const recipient = row.account === "unknown" ? paris : juliet;
        const devices = new Map<string, Device>();
        for (const [name, priority] of Object.entries(row.resources)) {
          const device = juliet.device(name);
          devices.set(name, device);
          await device.online({ hears: ["message"], ...(priority === undefined ? { presence: false } : { priority }) });
        }
        await romeo.online();
        const to = row.to === "" ? recipient.bare : `${recipient.bare}/${row.to}`;
        const failure = type === "error" && xml`<error type="cancel"><item-not-found xmlns="${NS.STANZAS}"/></error>`;
        romeo.sends(xml`<message to="${to}" id="m1" type="${type}"><body>Hi</body>${failure}</message>`);
        const message = xml`<message from="${romeo.full}" to="${to}" id="m1" type="${type}"><body>Hi</body></message>`;
        if (outcome === "refused") {
          await romeo.receives(
            xml`<message type="error" from="${to}" to="${romeo.full}" id="m1"><error type="cancel" code="503"><service-unavailable xmlns="${NS.STANZAS}"/></error></message>`,
          );
        }
        const receivers = typeof outcome === "string" ? [] : outcome;
        for (const name of receivers) await devices.get(name)!.receives(message);
        await settled();
        romeo.hasReceivedNothing();
        for (const device of devices.values()) device.hasReceivedNothing();
        if (row.account === "unknown") return;
        const later = juliet.device("later");
        await later.online({ hears: ["message"], priority: 9 });
        if (outcome === "stored") {
          const received = await later.receives(message);
          expect(received.child("delay", NS.DELAY)).toBeDefined();
        }
        await later.receivesNothing();
      },
    );
  }
}

scenario("6121 5.2.2: a message without type, or of an unknown one, counts as normal", async ({ romeo, juliet }) => {
  await romeo.online();
  await juliet.online();
  romeo.sends(xml`<message to="${juliet.bare}" id="m1"><body>No type</body></message>`);
  await juliet.receives(xml`<message from="${romeo.full}" id="m1" type="{absent}"><body>No type</body></message>`);
  romeo.sends(xml`<message to="${juliet.bare}" id="m2" type="sonnet"><body>A type of his own</body></message>`);
  await juliet.receives(xml`<message from="${romeo.full}" id="m2"><body>A type of his own</body></message>`);
  await romeo.receivesNothing();
});

scenario("6120 10.3.1: a message without to is for the sender's own account", async ({ romeo }) => {
  const street = romeo.device("street");
  await romeo.online({ hears: ["message"] });
  await street.online({ hears: ["message"] });
  romeo.sends(xml`<message type="chat" id="m1"><body>Note</body></message>`);
  await street.receives(xml`<message from="${romeo.full}" id="m1"><body>Note</body></message>`);
  await romeo.ignores();
});

scenario(
  "6120 10.1: what one sends to another arrives in that order, to bare and full JIDs alike",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    const count = 60;
    for (let at = 0; at < count; at++) {
      const to = at % 2 === 0 ? juliet.bare : juliet.full;
      if (at % 7 === 3) romeo.sends(xml`<presence to="${to}" id="s${at}"/>`);
      else
        romeo.sends(
          xml`<message to="${to}" id="s${at}" type="${at % 3 === 0 ? "normal" : "chat"}"><body>${at}</body></message>`,
        );
    }
    for (let at = 0; at < count; at++)
      await juliet.receives(at % 7 === 3 ? xml`<presence id="s${at}"/>` : xml`<message id="s${at}"/>`);
    await romeo.logsOut();
    await juliet.ignores();
  },
);

scenario(
  "6120 8.1.2.1: what arrives bears the sender's full JID, whether it named its full or its bare one",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    for (const from of [romeo.bare, romeo.full]) {
      romeo.sends(xml`<message from="${from}" to="${juliet.bare}" type="chat"><body>It is I</body></message>`);
      await juliet.receives(xml`<message from="${romeo.full}" to="${juliet.bare}"><body>It is I</body></message>`);
    }
  },
);

scenario(
  "6120 8.1: what the server does not know passes through unchanged: lang, unknown attributes and children, text",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    const content = xml`<subject xml:lang="it">O Romeo</subject><body> &lt;&amp;&quot; 🌹 </body><x xmlns="urn:verona:rose"><y xmlns="urn:verona:thorn" z="1&#10;2"/>mixed<y/></x>`;
    romeo.sends(xml`<message to="${juliet.bare}" id="m1" type="chat" xml:lang="en">${content}</message>`);
    const received = await juliet.receives(xml`<message from="${romeo.full}" xml:lang="en">${content}</message>`);
    expect(received.child("body", NS.CLIENT)?.text).toBe(` <&" 🌹 `);
    const [x] = received.childrenNamed("x", "urn:verona:rose");
    expect(x?.children.map((child) => (typeof child === "string" ? child : child.name))).toEqual(["y", "mixed", "y"]);
    expect(x?.child("y", "urn:verona:thorn")?.attr("z")).toBe("1\n2");
  },
);

scenario("6121 8: a domain that is not ours is remote-server-not-found", async ({ romeo }) => {
  await romeo.online();
  romeo.sends(xml`<message to="juliet@capulet.example" id="m1" type="chat"><body>Hi</body></message>`);
  await romeo.receives(
    xml`<message type="error" from="juliet@capulet.example" id="m1"><error type="cancel" code="404"><remote-server-not-found xmlns="${NS.STANZAS}"/></error></message>`,
  );
  const answer = await romeo.asks(xml`<iq type="get" to="capulet.example"><ping xmlns="${NS.PING}"/></iq>`);
  expect(answer.child("error", NS.CLIENT)?.child("remote-server-not-found", NS.STANZAS)).toBeDefined();
  romeo.sends(xml`<message to="juliet@capulet.example" id="m2" type="error"><body>Hi</body></message>`);
  await romeo.receivesNothing();
  romeo.sends(xml`<presence to="juliet@capulet.example" type="subscribe" id="s1"/>`);
  await romeo.receivesAll(
    xml`<iq type="set"><query xmlns="${NS.ROSTER}"><item jid="juliet@capulet.example" ask="subscribe"/></query></iq>`,
    xml`<presence type="error" from="juliet@capulet.example" to="${romeo.bare}" id="s1"><error><remote-server-not-found xmlns="${NS.STANZAS}"/></error></presence>`,
  );
});

scenario(
  "6120 10.4: presence to a domain that cannot be reached: an error, as joining a room gets it",
  async ({ romeo }) => {
    await romeo.online();
    const room = "verona@rooms.capulet.example/romeo";
    const unreachable = (id: string) =>
      xml`<presence type="error" from="${room}" to="${romeo.full}" id="${id}"><error type="cancel" code="404"><remote-server-not-found xmlns="${NS.STANZAS}"/></error></presence>`;
    romeo.sends(xml`<presence to="${room}" id="p1"><x xmlns="http://jabber.org/protocol/muc"/></presence>`);
    await romeo.receives(unreachable("p1"));
    romeo.sends(xml`<presence to="${room}" id="p2" type="probe"/>`);
    await romeo.receives(unreachable("p2"));
    romeo.sends(xml`<presence to="${room}" id="p3" type="unavailable"/>`);
    romeo.sends(xml`<presence to="${room}" id="p4" type="error"/>`);
    await romeo.receivesNothing();
  },
);

scenario("6120 8.1.2.1: another resource of the own account in from is written over", async ({ romeo, juliet }) => {
  await romeo.online();
  await juliet.online();
  romeo.sendsRaw(
    `<message xmlns="jabber:client" from="${romeo.bare}/new" to="${juliet.bare}" id="m1" type="chat"><body>Hi</body></message>`,
  );
  await juliet.receives(xml`<message from="${romeo.full}" id="m1" type="chat"><body>Hi</body></message>`);
});

// Over BOSH a client has its answer before it sends on.
scenario(
  "XEP-0305: what a client sends with the request for its resource, before it leaves, arrives",
  { transports: MANAGED },
  async ({ romeo, juliet }) => {
    await juliet.online({ hears: ["message"] });
    await romeo.connects();
    await romeo.authenticates();
    romeo.sendsRaw(xml`<iq xmlns="${NS.CLIENT}" type="set" id="b"><bind xmlns="${NS.BIND}"/></iq>`.text);
    romeo.sends(xml`<message to="${juliet.bare}" id="m1" type="chat"><body>Adieu</body></message>`);
    romeo.leaves();
    await juliet.receives(xml`<message id="m1" type="chat"><body>Adieu</body></message>`);
  },
);
