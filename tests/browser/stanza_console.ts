/** The stanzas that Converse prints to the console with `loglevel: "debug"`, and what else it prints there. @module */
import type { ConsoleMessage, Page } from "playwright-core";
import { Element } from "../../xmpp/xml/element.ts";

const PRINTED = /^%c%s color: (darkcyan|darkgoldenrod) (<.*)$/s;
const SENT = "darkcyan";

export interface FaultyAnswer {
  /** What was asked: the payload's namespace, and the node where there is one. */
  readonly request: string;
  readonly condition: string;
}

export class StanzaConsole {
  readonly sent: Element[] = [];
  readonly received: Element[] = [];
  /** Lines of the level "error", and exceptions that nobody caught. */
  readonly faults: string[] = [];
  /** Everything, for what a failing test has to say. */
  readonly lines: string[] = [];

  constructor(page: Page) {
    page.on("console", (message) => this.#read(message));
    page.on("pageerror", (error) => this.faults.push(error.message));
  }

  /** Every error stanza, with the request that it answers. */
  get faultyAnswers(): FaultyAnswer[] {
    return this.received.filter((stanza) => stanza.attr("type") === "error").map((stanza) => this.#describe(stanza));
  }

  /** The answer to the last IQ of the type set about this subject, as in FaultyAnswer; undefined until it is there. */
  answerToSet(request: string): Element | undefined {
    const sent = this.sent.findLast((stanza) => stanza.attr("type") === "set" && subject(stanza) === request);
    return sent && this.received.find((stanza) => stanza.name === "iq" && stanza.attr("id") === sent.attr("id"));
  }

  #read(message: ConsoleMessage): void {
    this.lines.push(message.text());
    const [, colour, text] = PRINTED.exec(message.text()) ?? [];
    if (text !== undefined) (colour === SENT ? this.sent : this.received).push(...stanzas(text));
    else if (message.type() === "error") this.faults.push(message.text());
  }

  #describe(stanza: Element): FaultyAnswer {
    const error = stanza.elements.find((child) => child.name === "error");
    const request = this.sent.find((sent) => sent.name === stanza.name && sent.attr("id") === stanza.attr("id"));
    return { request: request ? subject(request) : `no request: ${stanza}`, condition: error?.elements[0]?.name ?? "" };
  }
}

/** BOSH wraps them in a `<body/>`. */
function stanzas(text: string): readonly Element[] {
  const element = Element.parse(text);
  return element.name === "body" ? element.elements : [element];
}

function subject(request: Element): string {
  const payload = request.elements[0];
  const inner = payload?.elements[0];
  return [payload?.ns, payload?.attr("node") ?? inner?.attr("node")].filter((part) => part !== undefined).join(" ");
}
