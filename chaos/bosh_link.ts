/** BOSH as browsers do it, over fetch: XEP-0124, XEP-0206. Two requests at most, responses taken in the order of rids. @module */
import { NS } from "../xmpp/ns.ts";
import { Element } from "../xmpp/xml/element.ts";
import { attr, raw, xml } from "../xmpp/xml/xml.ts";
import type { Link, LinkEvents, LinkTarget } from "./link.ts";

const WAIT_SECONDS = 5;
const REQUESTS = 2;
/** Longer than any answer takes; afterwards the server counts as gone. */
const REQUEST_MS = (WAIT_SECONDS + 3) * 1000;

export class BoshLink implements Link {
  readonly transport = "bosh";
  readonly #target: LinkTarget;
  readonly #abort = new AbortController();
  #events: LinkEvents | undefined;
  #rid: number;
  #sid: string | undefined;
  #outbound: string[] = [];
  #open = 0;
  #answered: number;
  readonly #early = new Map<number, Element>();
  #isDeaf = false;
  #isGone = false;
  #isEnding = false;

  constructor(target: LinkTarget, rid: number) {
    this.#target = target;
    this.#rid = rid;
    this.#answered = rid;
  }

  async open(events: LinkEvents): Promise<void> {
    this.#events = events;
    const { domain } = this.#target;
    const rid = this.#rid++;
    const reply = await this.#exchange(
      xml`<body xmlns="${NS.HTTPBIND}" rid="${rid}" to="${domain}" wait="${WAIT_SECONDS}" hold="1" ver="1.6"
        xmlns:xmpp="${NS.XBOSH}" xmpp:version="1.0"/>`.text,
    );
    this.#sid = reply.attr("sid");
    if (this.#sid === undefined) throw new Error("Cannot open BOSH session: no sid");
    // After the caller has its answer, as on the other transports.
    queueMicrotask(() => this.#take(rid, reply));
  }

  restart(): void {
    const { domain } = this.#target;
    const attributes = xml` to="${domain}" xmlns:xmpp="${NS.XBOSH}" xmpp:restart="true"`.text;
    this.#request(` ${attributes.trim()}`, []);
  }

  send(text: string): void {
    this.#outbound.push(text);
    queueMicrotask(() => this.#push());
  }

  deafen(): void {
    this.#isDeaf = true;
  }

  listen(): void {
    this.#isDeaf = false;
    this.#drain();
    this.#push();
  }

  finish(): void {
    if (this.#isGone) return;
    this.#isEnding = true;
    const payloads = this.#outbound;
    this.#outbound = [];
    this.#request(` type="terminate"`, payloads);
  }

  cut(): void {
    this.#isGone = true;
    this.#abort.abort();
  }

  /** Sends waiting text, or keeps one request with the server. */
  #push(): void {
    if (this.#isGone || this.#isDeaf || this.#isEnding || this.#sid === undefined) return;
    if (this.#outbound.length > 0 ? this.#open >= REQUESTS : this.#open > 0) return;
    const payloads = this.#outbound;
    this.#outbound = [];
    this.#request("", payloads);
  }

  #request(attributes: string, payloads: readonly string[]): void {
    const rid = this.#rid++;
    this.#open++;
    const inner = raw(payloads.join(""));
    const body = xml`<body xmlns="${NS.HTTPBIND}" rid="${rid}"${attr("sid", this.#sid)}${raw(attributes)}>${inner}</body>`;
    this.#exchange(body.text).then(
      (reply) => {
        this.#open--;
        this.#take(rid, reply);
        this.#push();
      },
      () => this.#close(),
    );
  }

  async #exchange(body: string): Promise<Element> {
    const response = await fetch(`http://127.0.0.1:${this.#target.httpPort}/http-bind`, {
      method: "POST",
      headers: { "content-type": "text/xml; charset=utf-8" },
      body,
      signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(REQUEST_MS)]),
    });
    return Element.parse(await response.text());
  }

  #take(rid: number, reply: Element): void {
    this.#early.set(rid, reply);
    this.#drain();
  }

  #drain(): void {
    while (!this.#isDeaf && !this.#isGone) {
      const reply = this.#early.get(this.#answered);
      if (reply === undefined) return;
      this.#early.delete(this.#answered++);
      for (const element of reply.elements) this.#events?.element(element);
      if (reply.attr("type") === "terminate") return this.#close();
    }
  }

  #close(): void {
    if (this.#isGone || this.#isDeaf) return;
    this.#isGone = true;
    this.#abort.abort();
    this.#events?.closed();
  }
}
