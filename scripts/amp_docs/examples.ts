/** Plays the scenarios of XEP-0079 section 5: the sent message, and the output for each side. @module */
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { showXml } from "./show_xml.ts";
import { type SmallClient, SmallServer } from "./small_server.ts";

const BERNARDO = "bernardo@hamlet.lit/elsinore";
const PDA = "francisco@hamlet.lit/pda";
const START = Date.UTC(2026, 10, 22, 12);
const HOUR = 3_600_000;

/** Writes down what happens. */
class Script {
  readonly lines: string[] = [];

  heading(text: string): void {
    this.lines.push(`### ${text}`, "");
  }

  says(text: string): void {
    this.lines.push(text, "");
  }

  shows(elements: readonly Element[]): void {
    if (elements.length === 0) return this.says("Nothing.");
    for (const element of elements) this.lines.push("```xml", showXml(withoutStanzaId(element)), "```", "");
  }
}

/** Its id depends on everything that the server has done before. */
function withoutStanzaId({ name, ns, attributes, children }: Element): Element {
  const kept = children.filter((child) => typeof child === "string" || child.ns !== NS.SID);
  return new Element(name, ns, attributes, kept);
}

/** The section of docs/AMP.md. */
export async function playExamples(): Promise<string> {
  const script = new Script();
  await reliableTransport(script);
  await timeSensitive(script);
  await transient(script);
  return script.lines.join("\n").trimEnd();
}

async function sends(script: Script, server: SmallServer, sender: SmallClient, stanza: Markup): Promise<void> {
  const element = Element.parse(stanza.text, NS.CLIENT);
  script.shows([element]);
  sender.says(element.toString());
  await server.settles();
}

function start(...accounts: readonly string[]): Promise<SmallServer> {
  const domains = [...new Set(accounts.map((account) => account.slice(account.indexOf("@") + 1)))];
  return SmallServer.start(domains, accounts, START);
}

async function reliableTransport(script: Script): Promise<void> {
  const data = (n: number) => xml`
    <message to="${PDA}" id="ibb${n}">
      <data xmlns="http://jabber.org/protocol/ibb" sid="mySID" seq="${n}">qANQR1DBwU4DX7jmYZnncmUQB/9KuKBddzQH</data>
      <amp xmlns="${NS.AMP}">
        <rule action="error" condition="expire-at" value="2026-11-22T14:00:00Z"/>
        <rule action="error" condition="match-resource" value="other"/>
      </amp>
    </message>`;
  const server = await start("bernardo@hamlet.lit", "francisco@hamlet.lit");
  const bernardo = await server.online(BERNARDO);
  const pda = await server.online(PDA);
  script.heading("5.1 Reliable data transport");
  script.says(
    "To that resource, in time, or not at all. (The example of the specification has `per-hop='true'` too, under which section 3.3.3 ignores `match-resource`.) Bernardo sends to the resource `pda`, which is there:",
  );
  await sends(script, server, bernardo, data(0));
  script.says("The `pda` gets it with the addresses of section 4, and Bernardo nothing:");
  script.shows(pda.received);
  pda.leaves();
  await server.settles();
  script.says("The `pda` has gone when the next one comes. Storage would be another destination, so Bernardo gets:");
  bernardo.says(Element.parse(data(1).text, NS.CLIENT).toString());
  await server.settles();
  script.shows(bernardo.received);
  await server.stop();
}

async function timeSensitive(script: Script): Promise<void> {
  const server = await start("linuxwolf@outer-planes.net", "receptionist@outer-planes.net");
  const receptionist = await server.online("receptionist@outer-planes.net/desk");
  script.heading("5.2 Time-sensitive messages");
  script.says("The receptionist sends while `linuxwolf` is away:");
  await sends(
    script,
    server,
    receptionist,
    xml`
      <message to="linuxwolf@outer-planes.net" id="alert849">
        <subject>Guest Alert!</subject>
        <body>There will be clients in the conference room today around 1 PM!</body>
        <amp xmlns="${NS.AMP}">
          <rule action="drop" condition="expire-at" value="2026-11-22T13:00:00Z"/>
        </amp>
      </message>`,
  );
  await server.passes(2 * HOUR);
  const linuxwolf = await server.online("linuxwolf@outer-planes.net/home");
  script.says("At 14:00 UTC `linuxwolf` logs in, and gets:");
  script.shows(linuxwolf.received);
  script.says("The receptionist gets:");
  script.shows(receptionist.received);
  await server.stop();
}

async function transient(script: Script): Promise<void> {
  const server = await start("bernardo@hamlet.lit", "francisco@hamlet.lit");
  const bernardo = await server.online(BERNARDO);
  const chat = (id: string, action: string) => xml`
    <message to="francisco@hamlet.lit" type="chat" id="${id}">
      <body>Who's there?</body>
      <amp xmlns="${NS.AMP}"><rule action="${action}" condition="deliver" value="stored"/></amp>
    </message>`;
  script.heading("5.3 Transient messages");
  script.says("Never to be stored. Francisco is away; Bernardo sends:");
  await sends(script, server, bernardo, chat("chatty1", "drop"));
  script.says("He gets:");
  script.shows(bernardo.received.splice(0));
  script.says("With an alert in place of the silence:");
  await sends(script, server, bernardo, chat("chatty2", "alert"));
  script.says("He gets:");
  script.shows(bernardo.received.splice(0));
  const francisco = await server.online("francisco@hamlet.lit/orchard");
  script.says("Francisco logs in, and gets of both:");
  script.shows(francisco.received);
  await server.stop();
}
