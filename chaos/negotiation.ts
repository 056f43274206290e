/** From a raw link to an authenticated stream: SASL PLAIN, then the restart. RFC 6120 sections 6 and 7. @module */
import { NS } from "../xmpp/ns.ts";
import type { Element } from "../xmpp/xml/element.ts";
import { xml } from "../xmpp/xml/xml.ts";
import type { Link } from "./link.ts";

const STEP_MS = 6000;

export interface Account {
  readonly name: string;
  readonly password: string;
}

/** The elements of a stream, one at a time while it is negotiated, then to a listener. */
export class ElementFlow {
  #waiting: Element[] = [];
  #wake: (() => void) | undefined;
  #listener: ((element: Element) => void) | undefined;
  #onClosed: (() => void) | undefined;
  #isClosed = false;

  push(element: Element): void {
    if (this.#listener !== undefined) return this.#listener(element);
    this.#waiting.push(element);
    this.#wake?.();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wake?.();
    this.#onClosed?.();
  }

  /** Calls back at the end of the stream; at once if it has ended. */
  whenClosed(task: () => void): void {
    this.#onClosed = task;
    if (this.#isClosed) task();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The next element. Rejects when the stream ends first, or after a time limit. */
  async next(): Promise<Element> {
    const until = Date.now() + STEP_MS;
    while (this.#waiting.length === 0) {
      if (this.#isClosed) throw new Error("Cannot negotiate: the stream ended");
      if (Date.now() >= until) throw new Error("Cannot negotiate: no answer");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, STEP_MS);
      });
    }
    return this.#waiting.shift()!;
  }

  /** From now on all elements go to the listener, waiting ones first. */
  listen(listener: (element: Element) => void): void {
    this.#listener = listener;
    for (const element of this.#waiting.splice(0)) listener(element);
  }
}

/** Resolves when resources can be bound. */
export async function authenticate(link: Link, flow: ElementFlow, account: Account): Promise<void> {
  await link.open({ element: (element) => flow.push(element), closed: () => flow.close() });
  await expectElement(flow, "features");
  const secret = Buffer.from(`\0${account.name}\0${account.password}`).toString("base64");
  link.send(xml`<auth xmlns="${NS.SASL}" mechanism="PLAIN">${secret}</auth>`.text);
  await expectElement(flow, "success");
  link.restart();
  await expectElement(flow, "features");
}

/** Returns the full JID. */
export async function bindResource(link: Link, flow: ElementFlow, resource: string): Promise<string> {
  const inner = xml`<bind xmlns="${NS.BIND}"><resource>${resource}</resource></bind>`;
  link.send(xml`<iq xmlns="${NS.CLIENT}" type="set" id="bind">${inner}</iq>`.text);
  const reply = await expectElement(flow, "iq");
  const jid = reply.child("bind", NS.BIND)?.child("jid", NS.BIND)?.text;
  if (jid === undefined) throw new Error(`Cannot bind: ${reply}`);
  return jid;
}

async function expectElement(flow: ElementFlow, name: string): Promise<Element> {
  const element = await flow.next();
  if (element.name !== name) throw new Error(`Cannot negotiate: ${element} instead of ${name}`);
  return element;
}
