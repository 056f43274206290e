/** A client within the server's process, without a network in between. @module */
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";

const FEATURES_END = "features>";
const MESSAGE_END = "</message>";
const BIND = xml`<iq xmlns="${NS.CLIENT}" type="set" id="bind"><bind xmlns="${NS.BIND}"/></iq>`.text;
const AVAILABLE = xml`<presence xmlns="${NS.CLIENT}"/>`.text;
/** So long no answer takes. */
const PATIENCE_MS = 2000;

export abstract class LocalClient {
  #messages = 0;
  /** Since the last question; undefined where nobody waits for an answer. */
  #heard: string | undefined;
  #listen: (() => void) | undefined;

  /** Opens a stream with the server. */
  protected abstract header(domain: string): string;
  abstract say(text: string): void;
  /** Goes without a word. */
  abstract vanish(): void;

  /** Returns its full JID. Rejects where the server does not let it in. */
  async login(domain: string, name: string, password: string): Promise<string> {
    await this.#ask(this.header(domain), FEATURES_END);
    const initial = Buffer.from(`\0${name}\0${password}`).toString("base64");
    await this.#ask(xml`<auth xmlns="${NS.SASL}" mechanism="PLAIN">${initial}</auth>`.text, "<success");
    await this.#ask(this.header(domain), FEATURES_END);
    const bound = await this.#ask(BIND, "</iq>");
    this.say(AVAILABLE);
    return /<jid>(.*)<\/jid>/.exec(bound)?.[1] ?? "";
  }

  /** Resolves when so many messages have come in all. Rejects where they do not. */
  hears(messages: number): Promise<void> {
    return this.#until(() => this.#messages >= messages, `message ${messages}`);
  }

  protected hear(text: string): void {
    if (this.#heard !== undefined) this.#heard += text;
    for (let at = text.indexOf(MESSAGE_END); at >= 0; at = text.indexOf(MESSAGE_END, at + 1)) this.#messages++;
    this.#listen?.();
  }

  /** Returns all that came until the answer did. */
  async #ask(question: string, answer: string): Promise<string> {
    this.#heard = "";
    this.say(question);
    await this.#until(() => this.#heard?.includes(answer) === true, answer);
    const heard = this.#heard;
    this.#heard = undefined;
    return heard;
  }

  #until(holds: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = setTimeout(() => reject(new Error(`Cannot warm up: waited for ${what} in vain`)), PATIENCE_MS);
      this.#listen = () => {
        if (!holds()) return;
        this.#listen = undefined;
        clearTimeout(giveUp);
        resolve();
      };
      this.#listen();
    });
  }
}
