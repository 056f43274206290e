/**
 * One client of a conversation: the sentences of a scenario are its methods. It speaks as a device of an account over any
 * transport; what nobody asked for stays in its inbox and fails the scenario in the end.
 * @module
 */
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { attr, type Markup, xml } from "../../xmpp/xml/xml.ts";
import { Inbox } from "./inbox.ts";
import type { Link, LinkEvents } from "./link.ts";
import { type MatchOptions, mismatch } from "./pattern.ts";
import { StreamManagement } from "./stream_management.ts";

/** The scene that a device plays in. */
export interface Scene {
  readonly domain: string;
  readonly password: string;
  /** `client` names who connects. */
  createLink(events: LinkEvents, client: string): Link;
  /** The account takes part in the scenario. */
  mention(account: string): void;
  /** All that is under way has come to its end. */
  settle(): Promise<void>;
  /** A device for another resource of the same account. */
  addDevice(account: string, resource: string): Device;
  record(line: string): void;
}

export interface OnlineOptions {
  readonly priority?: number;
  /** False: the resource is connected, not available. */
  readonly presence?: boolean;
  /** False: the client does not ask for the roster, and gets no pushes. */
  readonly roster?: boolean;
  /** Enables XEP-0198, with resumption. */
  readonly sm?: boolean;
  readonly carbons?: boolean;
  /** Stanzas of other names are dropped unseen. */
  readonly hears?: readonly ("message" | "presence" | "iq")[];
}

/** Ids of the round trips that are no part of the story. */
const ROUND_TRIP = "round-trip-";

export class Device {
  readonly #scene: Scene;
  readonly #account: string;
  /** Names who connects: the same client comes to the same server each time. */
  readonly client: string;
  readonly #inbox = new Inbox();
  resource: string;
  #link: Link | undefined;
  #isOpen = false;
  #isBound = false;
  #proves = true;
  #isFrozen = false;
  /** Answers to pings that are held back. */
  #unanswered: Markup[] = [];
  #ids = 0;
  #hears: readonly string[] = ["message", "presence", "iq"];
  /** The stream management of this session, once it is enabled. */
  management: StreamManagement | undefined;
  /** The roster result of online(). */
  roster: Element | undefined;
  /** Elements of the latest stream features. */
  features: Element | undefined;

  constructor(scene: Scene, account: string, resource: string) {
    this.#scene = scene;
    this.#account = account;
    this.client = `${account}/${resource}`;
    this.resource = resource;
  }

  /** The bare JID. */
  get bare(): string {
    this.#scene.mention(this.#account);
    return this.#account;
  }

  /** The full JID. */
  get full(): string {
    return `${this.bare}/${this.resource}`;
  }

  get local(): string {
    return this.bare.slice(0, this.bare.indexOf("@"));
  }

  /** Connected, reading, and giving proof of it. */
  get isLive(): boolean {
    return this.#isOpen && this.#isBound && this.#proves && !this.#isFrozen;
  }

  get link(): Link {
    if (this.#link === undefined) throw new Error(`${this.#account} is not connected`);
    return this.#link;
  }

  /** Another device of the same account. */
  device(resource: string): Device {
    return this.#scene.addDevice(this.bare, resource);
  }

  // Logging in

  /** Opens a stream; the features are there. */
  async connects(): Promise<void> {
    await this.opensConnection();
    await this.opensStream();
  }

  /** A connection without a word of XMPP. */
  async opensConnection(): Promise<void> {
    const events: LinkEvents = {
      element: (element) => {
        if (link === this.#link) this.#onElement(element);
      },
      closed: () => {
        if (link === this.#link) this.#onClosed();
      },
    };
    const link = this.#scene.createLink(events, this.client);
    this.#link = link;
    this.#isBound = false;
    this.#isFrozen = false;
    this.#unanswered = [];
    link.proves = this.#proves;
    await link.connect();
    this.#isOpen = true;
  }

  /** Sends a stream header, awaits the server's and the features. */
  async opensStream(): Promise<void> {
    this.link.openStream();
    await this.#header();
    this.features = await this.gets("features", NS.STREAM);
  }

  /** XEP-0206 section 5: on BOSH a restart brings new features, and no new header. */
  async restartsStream(): Promise<void> {
    if (this.link.transport !== "bosh") return await this.opensStream();
    this.link.openStream();
    this.features = await this.gets("features", NS.STREAM);
  }

  #header(): Promise<Element> {
    switch (this.link.transport) {
      case "websocket":
        return this.gets("open", NS.FRAMING);
      case "bosh":
        return this.gets("body", NS.HTTPBIND);
      default:
        return this.gets("stream", NS.STREAM);
    }
  }

  /** SASL PLAIN, and the restart of the stream. */
  async authenticates(password: string = this.#scene.password): Promise<void> {
    const data = Buffer.from(`\0${this.local}\0${password}`).toString("base64");
    this.sendsRaw(xml`<auth xmlns="${NS.SASL}" mechanism="PLAIN">${data}</auth>`.text);
    await this.gets("success", NS.SASL);
    await this.restartsStream();
  }

  /** Binds the resource, or one of the server's choice where it is "". */
  async binds(resource: string = this.resource): Promise<void> {
    const wanted = resource !== "" && xml`<resource>${resource}</resource>`;
    const answer = await this.asks(xml`<iq type="set"><bind xmlns="${NS.BIND}">${wanted}</bind></iq>`);
    const jid = answer.child("bind", NS.BIND)?.child("jid", NS.BIND)?.text;
    if (jid === undefined) throw this.#fail(`cannot bind ${resource}: ${answer}`);
    this.resource = jid.slice(jid.indexOf("/") + 1);
    this.#isBound = true;
    this.management = undefined;
  }

  /** XEP-0198 section 3. Returns `<enabled/>`. */
  async enables(resume = true): Promise<Element> {
    const management = new StreamManagement();
    this.sendsRaw(xml`<enable xmlns="${NS.SM}"${resume && attr("resume", "true")}/>`.text);
    this.management = management;
    const enabled = await this.gets("enabled", NS.SM);
    management.id = enabled.attr("id");
    return enabled;
  }

  /** Logged in with a resource, of which nobody knows yet. */
  async logsIn(options: OnlineOptions = {}): Promise<void> {
    this.#hears = options.hears ?? ["message", "presence", "iq"];
    await this.connects();
    await this.authenticates();
    await this.binds();
    if (options.sm === true) await this.enables();
    if (options.roster !== false) {
      this.roster = await this.asks(xml`<iq type="get"><query xmlns="${NS.ROSTER}"/></iq>`);
    }
    if (options.carbons === true) await this.asks(xml`<iq type="set"><enable xmlns="${NS.CARBONS}"/></iq>`);
  }

  /** Logged in, with the roster read and initial presence sent. */
  async online(options: OnlineOptions = {}): Promise<void> {
    await this.logsIn(options);
    if (options.presence !== false) await this.becomesAvailable(options.priority);
  }

  /** Sends initial presence and sees it come back (RFC 6121 section 4.2.2). */
  async becomesAvailable(priority?: number): Promise<void> {
    const { full } = this;
    const content = priority !== undefined && xml`<priority>${priority}</priority>`;
    const isOwn = ({ name, attributes }: Element) =>
      name === "presence" && attributes.from === full && attributes.type === undefined;
    const hears = this.#hears;
    this.#hears = [...hears, "presence"];
    this.sends(xml`<presence>${content}</presence>`);
    const echo = await this.#inbox.take(isOwn);
    this.#hears = hears;
    if (echo === undefined) throw this.#fail("does not see its own presence");
    this.#filter();
  }

  /** Sends unavailable presence; the stream goes on. */
  async becomesUnavailable(): Promise<void> {
    const { full } = this;
    this.sends(xml`<presence type="unavailable"/>`);
    await this.#inbox.take(({ attributes }) => attributes.from === full && attributes.type === "unavailable");
  }

  // Going away

  /** Ends the stream in order and waits until the connection is gone. */
  async logsOut(): Promise<void> {
    this.link.end();
    await this.isDisconnected();
  }

  /** The connection breaks: nobody says a word. */
  cuts(): void {
    this.link.cut();
    this.#isOpen = false;
    this.#isBound = false;
  }

  /** The end of the play. */
  leaves(): void {
    if (this.#link === undefined) return;
    if (this.#isOpen) this.#link.end();
    this.cuts();
  }

  /** Stops reading and answering, as a device does that has lost its network. */
  freezes(): void {
    this.#isFrozen = true;
    this.link.freeze();
  }

  /**
   * Goes on reading, but gives no proof of receipt: no pong, no `<a/>`, no answer to a ping; on BOSH no request after
   * the first message, so that what does not come with it does not come at all.
   */
  withholdsProof(): void {
    this.#proves = false;
    if (this.#link !== undefined) this.#link.proves = false;
  }

  /** Gives proof again from now on. */
  provesAgain(): void {
    this.#proves = true;
    if (!this.#isOpen) return;
    if (this.management !== undefined) this.#acknowledge();
    for (const answer of this.#unanswered.splice(0)) this.sends(answer);
    this.link.proves = true;
  }

  /** Waits for the end of the connection. */
  async isDisconnected(): Promise<void> {
    for (let waited = 0; this.#isOpen; waited += 5) {
      if (waited > 4000) throw this.#fail("is still connected");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Gets this stream error, then the end of the connection. */
  async isThrownOut(condition: string): Promise<Element> {
    const error = await this.gets("error", NS.STREAM);
    if (error.child(condition, NS.STREAMS) === undefined) throw this.#fail(`gets ${error}, not ${condition}`);
    if (this.link.transport === "bosh") return await this.isTerminated("remote-stream-error");
    await this.isDisconnected();
    return error;
  }

  /** Gets the end of its BOSH session, with this condition (XEP-0124 section 17.2). */
  async isTerminated(condition: string): Promise<Element> {
    const body = await this.gets("body", NS.HTTPBIND);
    const { type } = body.attributes;
    if (type !== "terminate" || body.attr("condition") !== condition)
      throw this.#fail(`gets ${body}, not ${condition}`);
    await this.isDisconnected();
    return body;
  }

  /** Resumes its stream on a new connection; the server's missing stanzas come, and its own are sent again. */
  async resumes(): Promise<void> {
    const answer = await this.triesToResume();
    if (answer.name !== "resumed") throw this.#fail(`cannot resume: ${answer}`);
    const management = this.management!;
    management.onAcknowledged(Number(answer.attr("h")));
    this.#isBound = true;
    for (const stanza of management.unacknowledged) this.link.send(stanza);
  }

  /** Asks for its stream on a new connection and returns the answer, `<resumed/>` or `<failed/>`. */
  async triesToResume(previd: string | undefined = this.management?.id): Promise<Element> {
    await this.connects();
    await this.authenticates();
    const h = this.management?.handled ?? 0;
    this.sendsRaw(xml`<resume xmlns="${NS.SM}"${attr("previd", previd)} h="${h}"/>`.text);
    const answer = await this.#inbox.take(({ ns }) => ns === NS.SM);
    if (answer === undefined) throw this.#fail("gets no answer to <resume/>");
    return answer;
  }

  // Speaking

  /** Sends one stanza. */
  sends(stanza: Markup): void {
    const text = Element.parse(stanza.text, NS.CLIENT).toString();
    this.management?.onSent(text);
    this.sendsRaw(text);
  }

  /** Sends the text as it is. */
  sendsRaw(text: string): void {
    if (this.#isBound) this.#record(`sends: ${text}`);
    this.link.send(text);
  }

  /** Logging in is the same every time, and no part of the transcript. */
  #record(what: string): void {
    this.#scene.record(`${this.#name} ${what}`);
  }

  /** Sends an IQ request (an id is added where it has none) and returns the answer, whatever comes before it. */
  async asks(request: Markup): Promise<Element> {
    const { name, ns, attributes, children } = Element.parse(request.text, NS.CLIENT);
    const id = attributes.id ?? `ask-${++this.#ids}`;
    this.sends(xml`${new Element(name, ns, { ...attributes, id }, children)}`);
    const answer = await this.#inbox.take(isAnswer(id));
    if (answer === undefined) throw this.#fail(`gets no answer to ${request}`);
    return answer;
  }

  /** Asks and holds the answer against a pattern. */
  async asksAndGets(request: Markup, pattern: Markup): Promise<Element> {
    const answer = await this.asks(request);
    this.#check(answer, pattern, {});
    return answer;
  }

  /** Asks the server for an acknowledgement (XEP-0198 section 4) and returns its `h`. */
  async asksForAck(): Promise<number> {
    this.sendsRaw(xml`<r xmlns="${NS.SM}"/>`.text);
    const h = Number((await this.gets("a", NS.SM)).attr("h"));
    this.management?.onAcknowledged(h);
    return h;
  }

  /** Nothing but a round trip, to the server or to whom it is sent. */
  async pings(to: string): Promise<void> {
    const id = `${ROUND_TRIP}${++this.#ids}`;
    const stanza = xml`<iq xmlns="${NS.CLIENT}" type="get" id="${id}" to="${to}"><ping xmlns="${NS.PING}"/></iq>`;
    this.management?.onSent(stanza.text);
    this.link.send(stanza.text);
    if ((await this.#inbox.take(isAnswer(id))) === undefined) throw this.#fail(`gets no answer to ${stanza}`);
  }

  // Hearing

  /** The next stanza is this one; the pattern mentions what has to be there. Returns the stanza. */
  async receives(pattern: Markup, options: MatchOptions = {}): Promise<Element> {
    const stanza = await this.#inbox.take();
    if (stanza === undefined) throw this.#fail(`receives nothing, but should receive ${pattern}`);
    this.#check(stanza, pattern, options);
    return stanza;
  }

  /** The next stanzas are these, in any order. */
  async receivesAll(...patterns: readonly Markup[]): Promise<void> {
    const wanted = patterns.map(({ text }) => Element.parse(text, NS.CLIENT));
    while (wanted.length > 0) {
      const stanza = await this.#inbox.take();
      if (stanza === undefined) throw this.#fail(`receives nothing, but should receive ${wanted.join(" ")}`);
      const at = wanted.findIndex((pattern) => mismatch(stanza, pattern) === undefined);
      if (at < 0) throw this.#fail(`receives ${stanza}, which is none of ${wanted.join(" ")}`);
      wanted.splice(at, 1);
    }
  }

  /** The next two stanzas are these, in either order: two servers tell, each when it knows. */
  async receivesBoth(one: Markup, other: Markup): Promise<void> {
    const first = await this.#inbox.take();
    if (first === undefined) throw this.#fail(`receives nothing, but should receive ${one} and ${other}`);
    const isOne = mismatch(first, Element.parse(one.text, NS.CLIENT), {}) === undefined;
    if (!isOne) this.#check(first, other, {});
    await this.receives(isOne ? other : one);
  }

  /** When all that is under way has arrived, these stanzas have come, in any order, and no others. */
  async hasReceived(patterns: readonly Markup[], options: MatchOptions = {}): Promise<void> {
    const received = await this.ignores();
    const wanted = patterns.map(({ text }) => Element.parse(text, NS.CLIENT));
    for (const stanza of received) {
      const at = wanted.findIndex((pattern) => mismatch(stanza, pattern, options) === undefined);
      if (at < 0) throw this.#fail(`has received ${stanza}, which is none of ${wanted.join(" ")}`);
      wanted.splice(at, 1);
    }
    if (wanted.length > 0) throw this.#fail(`has received ${received.join(" ")}, but not ${wanted.join(" ")}`);
  }

  /** This stanza comes; others may come before it and stay. */
  async receivesInTime(pattern: Markup): Promise<Element> {
    const wanted = Element.parse(pattern.text, NS.CLIENT);
    const stanza = await this.#inbox.take((element) => mismatch(element, wanted) === undefined);
    if (stanza === undefined) throw this.#fail(`does not receive ${pattern}`);
    return stanza;
  }

  /** All that is under way has arrived, and nothing of it is for this device. Decided by round trips, not by waiting. */
  async receivesNothing(): Promise<void> {
    await this.#scene.settle();
    this.hasReceivedNothing();
  }

  hasReceivedNothing(): void {
    const [stanza] = this.#inbox.elements;
    if (stanza !== undefined) throw this.#fail(`should have received nothing more, but has received ${stanza}`);
  }

  /** Drops what has come so far, and returns it. */
  drops(): readonly Element[] {
    return this.#inbox.clear();
  }

  /** Drops what has come, after all that is under way has arrived, and returns it. */
  async ignores(): Promise<readonly Element[]> {
    await this.#scene.settle();
    return this.#inbox.clear();
  }

  /** The next element is this one; for what is no stanza. */
  async gets(name: string, ns: string): Promise<Element> {
    const element = await this.#inbox.take();
    if (element === undefined) throw this.#fail(`gets nothing, but should get <${name} xmlns="${ns}">`);
    if (element.name !== name || element.ns !== ns) throw this.#fail(`gets ${element}, not <${name} xmlns="${ns}">`);
    return element;
  }

  // What a client does by itself

  #onElement(element: Element): void {
    const { name, ns } = element;
    if (this.#isBound && !element.attr("id")?.startsWith(ROUND_TRIP)) this.#record(`gets: ${element}`);
    if (ns === NS.SM && name === "r") return this.#acknowledge();
    if (ns === NS.CLIENT && this.management !== undefined) this.management.handled++;
    if (ns === NS.CLIENT && name === "iq" && this.#answers(element)) return;
    if (this.#wants(element)) this.#inbox.add(element);
  }

  #acknowledge(): void {
    if (this.#proves) this.link.send(xml`<a xmlns="${NS.SM}" h="${this.management?.handled}"/>`.text);
  }

  /** Answers the server's ping, which is not seen any more, and pushes, which are. */
  #answers(iq: Element): boolean {
    const { type, id, from } = iq.attributes;
    const isPing = type === "get" && iq.child("ping", NS.PING) !== undefined && from === this.#scene.domain;
    if (!isPing && (type !== "set" || (from !== undefined && from !== this.#account))) return false;
    const answer = xml`<iq type="result"${attr("to", from)}${attr("id", id)}/>`;
    if (isPing && !this.#proves) this.#unanswered.push(answer);
    else this.sends(answer);
    return isPing;
  }

  #wants({ name, ns, attributes: { type } }: Element): boolean {
    if (ns !== NS.CLIENT || this.#hears.includes(name)) return true;
    return name === "iq" && (type === "result" || type === "error");
  }

  /** Forgets what the client does not want to hear. */
  #filter(): void {
    for (const element of this.#inbox.clear()) if (this.#wants(element)) this.#inbox.add(element);
  }

  #onClosed(): void {
    this.#record("is disconnected");
    this.#isOpen = false;
    this.#isBound = false;
  }

  #check(stanza: Element, pattern: Markup, options: MatchOptions): void {
    const reason = mismatch(stanza, Element.parse(pattern.text, NS.CLIENT), options);
    if (reason !== undefined) throw this.#fail(`receives ${stanza}\nbut should receive ${pattern}\nsince ${reason}`);
  }

  get #name(): string {
    return `${this.#account}/${this.resource}`;
  }

  #fail(what: string): Error {
    return new Error(`${this.#name} ${what}`);
  }
}

function isAnswer(id: string): (element: Element) => boolean {
  return ({ name, attributes }) =>
    name === "iq" && attributes.id === id && (attributes.type === "result" || attributes.type === "error");
}
