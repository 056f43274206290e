/** A client's BOSH session (XEP-0124, XEP-0206): `hold` 1, at most two requests at a time, responses taken in order. @module */
import { randomInt } from "node:crypto";
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../xmpp/xml/scanned_element.ts";
import { attr, type Markup, raw, xml } from "../../xmpp/xml/xml.ts";
import type { Address, Link, LinkEvents } from "./link.ts";

const MAX_REQUESTS = 2;

export class BoshLink implements Link {
  readonly transport = "bosh";
  readonly #address: Address;
  readonly #events: LinkEvents;
  readonly #abort = new AbortController();
  #sid: string | undefined;
  #rid = randomInt(1, 1_000_000_000);
  /** The rid whose response comes next. */
  #next = this.#rid;
  #responses = new Map<number, Element>();
  #open = 0;
  #outbound: { readonly attributes: Markup; readonly payload: string }[] = [];
  #proves = true;
  /** A message has come since proof was withheld. */
  #hasMessage = false;
  #isFrozen = false;
  #isOver = false;

  constructor(address: Address, events: LinkEvents) {
    this.#address = address;
    this.#events = events;
  }

  get sid(): string | undefined {
    return this.#sid;
  }

  /** The rid of the latest request. */
  get rid(): number {
    return this.#rid - 1;
  }

  get proves(): boolean {
    return this.#proves;
  }

  set proves(proves: boolean) {
    this.#proves = proves;
    this.#hasMessage = false;
    this.#pump();
  }

  async connect(): Promise<void> {}

  openStream(): void {
    const restart = this.#sid === undefined ? undefined : "true";
    const version = restart === undefined ? "1.0" : undefined;
    const creation = restart === undefined && xml`${attr("hold", 1)}${attr("wait", 60)}${attr("ver", "1.6")}`;
    const { domain } = this.#address;
    this.#queue(
      xml` to="${domain}" xml:lang="en" xmlns:xmpp="${NS.XBOSH}"${attr("xmpp:version", version)}${attr("xmpp:restart", restart)}${creation}`,
      "",
    );
  }

  send(text: string): void {
    this.#queue(raw(""), text);
  }

  end(): void {
    this.#queue(attr("type", "terminate"), "");
  }

  cut(): void {
    this.#isOver = true;
    this.#abort.abort();
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  #queue(attributes: Markup, payload: string): void {
    this.#outbound.push({ attributes, payload });
    this.#pump();
  }

  /** Sends what waits, or an empty request where none is open. */
  #pump(): void {
    if (this.#isOver) return;
    while (this.#outbound.length > 0 && this.#open < MAX_REQUESTS && (this.#sid !== undefined || this.#open === 0)) {
      this.#post(this.#take());
    }
    if (this.#open === 0 && this.#sid !== undefined && this.#polls) this.#post({ attributes: raw(""), payload: "" });
  }

  /** Every further request would prove that the responses before it have come. */
  get #polls(): boolean {
    return this.#proves || !this.#hasMessage;
  }

  /** The next request: one with attributes goes alone, payloads that wait go together. */
  #take(): { readonly attributes: Markup; readonly payload: string } {
    const first = this.#outbound.shift()!;
    if (first.attributes.text !== "") return first;
    let { payload } = first;
    while (this.#outbound[0]?.attributes.text === "") payload += this.#outbound.shift()!.payload;
    return { attributes: first.attributes, payload };
  }

  #post({ attributes, payload }: { readonly attributes: Markup; readonly payload: string }): void {
    const rid = this.#rid++;
    const body = xml`<body xmlns="${NS.HTTPBIND}" rid="${rid}"${attr("sid", this.#sid)}${attributes}>${raw(payload)}</body>`;
    this.#open++;
    fetch(`http://127.0.0.1:${this.#address.httpPort}/http-bind`, {
      method: "POST",
      headers: { "content-type": "text/xml; charset=utf-8" },
      body: body.text,
      signal: this.#abort.signal,
    })
      .then((response) => response.text())
      .then((text) => this.#onResponse(rid, text))
      .catch((error: unknown) => this.#onFailure(error));
  }

  #onFailure(error: unknown): void {
    if (this.#isOver) return;
    this.#over();
    throw error;
  }

  #onResponse(rid: number, text: string): void {
    if (this.#isOver || this.#isFrozen) return;
    this.#open--;
    scanElement(text, { ...DEFAULT_XML_LIMITS, maxBytes: 10 * DEFAULT_XML_LIMITS.maxBytes });
    const response = Element.parse(text);
    // The session does not know a request that it could not read: its response counts at once.
    if (rid > this.#next && response.attr("type") === "terminate") return this.#onBody(response);
    this.#responses.set(rid, response);
    for (let body = this.#responses.get(this.#next); body !== undefined; body = this.#responses.get(this.#next)) {
      this.#responses.delete(this.#next++);
      this.#onBody(body);
    }
    this.#pump();
  }

  #onBody(body: Element): void {
    if (this.#sid === undefined && body.attr("sid") !== undefined) {
      this.#sid = body.attr("sid");
      this.#events.element(new Element("body", NS.HTTPBIND, body.attributes));
    }
    this.#hasMessage ||= body.elements.some(({ name }) => name === "message");
    for (const element of body.elements) this.#events.element(element);
    if (body.attr("type") !== "terminate" || this.#isOver) return;
    if (body.attr("condition") !== undefined) this.#events.element(new Element("body", NS.HTTPBIND, body.attributes));
    this.#over();
  }

  #over(): void {
    this.#isOver = true;
    this.#abort.abort();
    this.#events.closed();
  }
}
