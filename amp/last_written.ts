/** The element written last: in one conversation most are alike. @module */
import type { Jid } from "../xmpp/jid.ts";
import { ownCopy } from "../xmpp/own_copy.ts";
import { type Markup, raw } from "../xmpp/xml/xml.ts";

export class LastWritten {
  #about: object | undefined;
  #detail: string | boolean = false;
  #from: Jid | undefined;
  #to: Jid | undefined;
  #markup: Markup | undefined;
  #isOwn = false;

  /** What was kept for the same things, which are compared as objects. */
  find(about: object, detail: string | boolean, from: Jid, to: Jid): Markup | undefined {
    if (about !== this.#about || detail !== this.#detail || from !== this.#from || to !== this.#to) return undefined;
    if (!this.#isOwn) this.#putTogether();
    return this.#markup;
  }

  keep(about: object, detail: string | boolean, from: Jid, to: Jid, markup: Markup): Markup {
    this.#about = about;
    this.#detail = detail;
    this.#from = from;
    this.#to = to;
    this.#markup = markup;
    this.#isOwn = false;
    return markup;
  }

  /** What is needed again is one text, not its pieces. */
  #putTogether(): void {
    this.#markup = raw(ownCopy(this.#markup!.text));
    this.#isOwn = true;
  }
}
