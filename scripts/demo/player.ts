/** A person with a client. Received stanzas are kept, so that the story can be checked. @module */
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";

/** The story did not go as expected. */
export class StoryError extends Error {}

type Match = (stanza: Element) => boolean;

interface Waiting {
  readonly match: Match;
  readonly resolve: (stanza: Element) => void;
}

const PATIENCE_MS = 5000;

export class Player {
  readonly name: string;
  readonly #patienceMs: number;
  #stanzas: Element[] = [];
  #waiting: Waiting[] = [];

  constructor(name: string, patienceMs = PATIENCE_MS) {
    this.name = name;
    this.#patienceMs = patienceMs;
  }

  get bareJid(): string {
    return `${this.name}@localhost`;
  }

  /** Bodies of the messages that came in, in their order. */
  get bodies(): string[] {
    return this.#stanzas.map(bodyOf).filter((body) => body !== undefined);
  }

  /** Keeps a stanza that came in, given as its text. */
  receive(text: string): void {
    const stanza = Element.parse(text, NS.CLIENT);
    this.#stanzas.push(stanza);
    const met = this.#waiting.filter(({ match }) => match(stanza));
    this.#waiting = this.#waiting.filter((each) => !met.includes(each));
    for (const { resolve } of met) resolve(stanza);
  }

  /** The first stanza that matches, come or to come. Throws StoryError, with what was waited for, when none comes. */
  async sees(what: string, match: Match): Promise<Element> {
    const known = this.#stanzas.find(match);
    if (known !== undefined) return known;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const came = new Promise<Element>((resolve) => this.#waiting.push({ match, resolve }));
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StoryError(`${this.name} waited in vain for ${what}`)), this.#patienceMs);
    });
    return Promise.race([came, late]).finally(() => clearTimeout(timer));
  }

  seesBody(body: string): Promise<Element> {
    return this.sees(`the message "${body}"`, (stanza) => bodyOf(stanza) === body);
  }

  seesPresence(type: string | undefined, from: Player): Promise<Element> {
    return this.sees(`the presence ${type ?? "available"} of ${from.name}`, (stanza) => {
      const isHis = stanza.attr("from")?.startsWith(from.bareJid) === true;
      return stanza.name === "presence" && isHis && stanza.attr("type") === type;
    });
  }
}

function bodyOf(stanza: Element): string | undefined {
  return stanza.name === "message" ? stanza.child("body", NS.CLIENT)?.text : undefined;
}
