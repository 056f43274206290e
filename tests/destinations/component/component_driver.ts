/** A component that somebody else has written, as a conversation uses it. @module */
import { NS } from "../../../xmpp/ns.ts";
import { Element } from "../../../xmpp/xml/element.ts";

export const GATEWAY = "gw.verona.example";
export const SECRET = "a secret of components";

export abstract class ComponentDriver {
  /** Rejects where the server does not accept it. */
  abstract connects(port: number, secret?: string): Promise<void>;
  /** Ends its stream in order. */
  abstract leaves(): Promise<void>;
  /** Its connection breaks. */
  abstract breaks(): Promise<void>;
  abstract says(text: string): Promise<void>;
  /** The stream was ended by the server. */
  abstract isThrownOut(): Promise<void>;
  /** The next stanza, as text; rejects when none comes. */
  protected abstract next(): Promise<string>;

  /** The next stanza of that kind; those before it are dropped. */
  async hears(isWanted: (stanza: Element) => boolean): Promise<Element> {
    for (;;) {
      const stanza = Element.parse(await this.next(), NS.COMPONENT);
      if (isWanted(stanza)) return stanza;
    }
  }

  /** The bodies of so many messages, each id once. */
  async hearsBodies(count: number): Promise<string[]> {
    const bodies = new Map<string, string>();
    while (bodies.size < count) {
      const message = await this.hears(({ name }) => name === "message");
      bodies.set(message.attr("id") ?? "", bodyOf(message) ?? "");
    }
    return [...bodies.values()];
  }
}

export function bodyOf(message: Element): string | undefined {
  return message.child("body", NS.COMPONENT)?.text;
}
