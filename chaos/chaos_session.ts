/**
 * One bound session in its client's view, over one or more connections. It records what it sends, receives, and what
 * the server acknowledges. A receipt is recorded before its acknowledgement, so the order of a history is causal.
 * @module
 */
import { NS } from "../xmpp/ns.ts";
import type { Element } from "../xmpp/xml/element.ts";
import { attr, type Markup, xml } from "../xmpp/xml/xml.ts";
import type { ChaosRule, History } from "./history.ts";
import type { Link } from "./link.ts";
import type { ElementFlow } from "./negotiation.ts";
import { domainOf, jidOf } from "./places.ts";
import { readMessage } from "./read_message.ts";

export interface SessionIdentity {
  readonly id: string;
  readonly user: string;
  readonly device: string;
  readonly resource: string;
  readonly managed: boolean;
}

export interface OutgoingChat {
  readonly id: string;
  readonly to: string;
  /** Empty: to the bare JID. */
  readonly resource: string;
  readonly rules: readonly ChaosRule[];
}

interface Unacknowledged {
  readonly text: string;
  readonly message: string | undefined;
}

type IqHandler = (reply: Element) => void;

export class ChaosSession {
  readonly identity: SessionIdentity;
  readonly #history: History;
  #link: Link | undefined;
  #flow: ElementFlow | undefined;
  /** XEP-0198: the id for resumption. */
  streamId: string | undefined;
  #counting = false;
  #handled = 0;
  #acknowledged = 0;
  #unacknowledged: Unacknowledged[] = [];
  /** Sent without XEP-0198 and not yet known to be processed. */
  #unconfirmed: string[] = [];
  #isFinishing = false;
  #isOver = false;
  readonly #iqs = new Map<string, IqHandler>();
  #iqCount = 0;
  /** Elements of archive queries. */
  onArchived: ((result: Element) => void) | undefined;

  constructor(identity: SessionIdentity, history: History) {
    this.identity = identity;
    this.#history = history;
  }

  /** Whether it has a connection that is not known to be lost. */
  get isConnected(): boolean {
    return this.#link !== undefined && this.#flow?.isClosed === false;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /**
   * The session continues over this connection; `h`: it is resumed, and the server has handled that many stanzas
   * (XEP-0198 section 5).
   */
  attach(link: Link, flow: ElementFlow, h?: number): void {
    this.#link = link;
    this.#flow = flow;
    if (h !== undefined) this.#onResumed(h);
    flow.listen((element) => {
      if (this.#link === link) this.#onElement(element);
    });
    flow.whenClosed(() => {
      if (this.#link === link && !this.#isFinishing) this.detach("closed by the server");
    });
  }

  /** The connection is given up; the session may be resumed. */
  detach(how: string): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#history.note({ kind: "cut", session: this.identity.id, how });
  }

  /** The client is done with this session. */
  end(clean: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link = undefined;
    this.#history.note({ kind: "ended", session: this.identity.id, clean });
  }

  // Sending

  enable(): void {
    this.#link?.send(xml`<enable xmlns="${NS.SM}" resume="true"/>`.text);
    this.#counting = true;
  }

  enableCarbons(): void {
    this.ask("set", jidOf(this.identity.user), xml`<enable xmlns="${NS.CARBONS}"/>`, () => {});
  }

  /** XEP-0352; uncounted by XEP-0198. */
  sendClientState(state: "active" | "inactive"): void {
    const element = state === "active" ? xml`<active xmlns="${NS.CSI}"/>` : xml`<inactive xmlns="${NS.CSI}"/>`;
    this.#link?.send(element.text);
  }

  sendPresence(): void {
    this.#send(xml`<presence xmlns="${NS.CLIENT}"/>`.text);
  }

  sendChat(chat: OutgoingChat): void {
    const { id, to, resource, rules } = chat;
    const address = `${jidOf(to)}${resource === "" ? "" : `/${resource}`}`;
    const elements = rules.map(
      ({ condition, value, action }) => xml`<rule condition="${condition}" value="${value}" action="${action}"/>`,
    );
    const amp = elements.length > 0 && xml`<amp xmlns="${NS.AMP}">${elements}</amp>`;
    const inner = xml`<body>${id} is for ${to}</body>${amp}`;
    this.#history.note({ kind: "sent", message: id, session: this.identity.id, to, resource, rules });
    if (!this.identity.managed) this.#unconfirmed.push(id);
    this.#send(xml`<message xmlns="${NS.CLIENT}" type="chat" id="${id}" to="${address}">${inner}</message>`.text, id);
  }

  requestAcknowledgement(): void {
    if (this.identity.managed) this.#link?.send(xml`<r xmlns="${NS.SM}"/>`.text);
  }

  /** Asks the server to confirm that it has processed all earlier stanzas; returns the messages that this covers. */
  confirm(confirmed: (messages: readonly string[]) => void): void {
    const messages = this.#unconfirmed;
    this.#unconfirmed = [];
    this.ask("get", undefined, xml`<ping xmlns="${NS.PING}"/>`, () => confirmed(messages));
  }

  ask(type: "get" | "set", to: string | undefined, payload: Markup, handler: IqHandler): void {
    const id = `q${++this.#iqCount}`;
    this.#iqs.set(id, handler);
    const address = to ?? domainOf(this.identity.user);
    this.#send(xml`<iq xmlns="${NS.CLIENT}" type="${type}" id="${id}"${attr("to", address)}>${payload}</iq>`.text);
  }

  #send(text: string, message?: string): void {
    if (this.#counting) this.#unacknowledged.push({ text, message });
    this.#link?.send(text);
  }

  /** Acknowledges all, ends the stream; resolves with whether the server has seen that. */
  async finish(waitMs: number): Promise<boolean> {
    const [link, flow] = [this.#link, this.#flow];
    if (link === undefined || flow === undefined || flow.isClosed) return false;
    this.#isFinishing = true;
    if (this.identity.managed) this.#acknowledge();
    this.#history.note({ kind: "closing", session: this.identity.id });
    link.finish();
    const until = Date.now() + waitMs;
    while (!flow.isClosed && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    const clean = this.identity.managed && flow.isClosed;
    link.cut();
    return clean;
  }

  /** Asks for the resumption of this session on a new stream. From here on nothing of the old connection counts. */
  async resume(link: Link, flow: ElementFlow): Promise<Element> {
    this.detach("resumes elsewhere");
    link.send(xml`<resume xmlns="${NS.SM}" previd="${this.streamId}" h="${this.#handled}"/>`.text);
    return await flow.next();
  }

  /** Stanzas that the server has not handled are sent again. */
  #onResumed(h: number): void {
    this.#history.note({ kind: "resumed", session: this.identity.id });
    this.#onAcknowledged(h);
    for (const { text } of this.#unacknowledged) this.#link?.send(text);
  }

  /** The session cannot be resumed; `h` of the refusal still accepts what it covers. */
  refused(h: number | undefined): void {
    if (h !== undefined) this.#onAcknowledged(h);
  }

  // Receiving

  #onElement(element: Element): void {
    if (element.ns === NS.SM) return this.#onStreamManagement(element);
    if (element.ns !== NS.CLIENT) return;
    this.#handled = (this.#handled + 1) >>> 0;
    if (element.name === "message") this.#onMessage(element);
    else if (element.name === "iq") this.#onIq(element);
  }

  #onStreamManagement(element: Element): void {
    const h = Number(element.attr("h"));
    if (element.name === "r") {
      // After its closing tag a client sends nothing more (RFC 6120 section 4.4).
      if (!this.#isFinishing) this.#acknowledge();
    } else if (element.name === "a") this.#onAcknowledged(h);
    else if (element.name === "enabled") {
      this.streamId = element.attr("id");
      this.#handled = 0;
    }
  }

  #acknowledge(): void {
    this.#link?.send(xml`<a xmlns="${NS.SM}" h="${this.#handled}"/>`.text);
  }

  #onAcknowledged(h: number): void {
    const count = (h - this.#acknowledged) >>> 0;
    if (count > this.#unacknowledged.length)
      return this.#history.note({ kind: "miscounted", session: this.identity.id, h });
    this.#acknowledged = h;
    for (const { message } of this.#unacknowledged.splice(0, count)) {
      if (message !== undefined) this.#history.note({ kind: "accepted", message });
    }
  }

  #onIq(iq: Element): void {
    const [type, id] = [iq.attr("type"), iq.attr("id") ?? ""];
    if (type === "get" || type === "set") {
      const from = attr("to", iq.attr("from"));
      return this.#send(xml`<iq xmlns="${NS.CLIENT}" type="result" id="${id}"${from}/>`.text);
    }
    const handler = this.#iqs.get(id);
    this.#iqs.delete(id);
    handler?.(iq);
  }

  #onMessage(message: Element): void {
    const result = message.child("result", NS.MAM);
    if (result !== undefined) return this.onArchived?.(result);
    const { id: session } = this.identity;
    const read = readMessage(message, jidOf(this.identity.user));
    if (read.kind === "chat") {
      this.#history.note({ kind: "received", message: read.id, session, via: "live", stanzaId: read.stanzaId });
    } else if (read.kind === "copy") this.#history.note({ kind: "copied", message: read.id, session });
    else if (read.kind === "report") {
      const { id, report, why, stanzaId } = read;
      this.#history.note({ kind: "report", message: id, session, report, why, stanzaId });
    }
  }
}
