/**
 * One client's XML stream over any transport: a state machine from the header over authentication to a bound resource;
 * afterwards every element goes to the session. RFC 6120 sections 4 to 7.
 * @module
 */
import type { Connection } from "../actors/connection.ts";
import type { SessionHandle } from "../actors/session_service.ts";
import { StreamError } from "../xmpp/errors.ts";
import { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import { WorkLimitError } from "../xmpp/work_limit.ts";
import { scanElement } from "../xmpp/xml/element_reader.ts";
import type { ScannedElement } from "../xmpp/xml/scanned_element.ts";
import { xml } from "../xmpp/xml/xml.ts";
import { XmlError } from "../xmpp/xml/xml_error.ts";
import { MAX_STRANGER_BACKLOG } from "./backlog_limits.ts";
import type { EventTurn } from "./event_turn.ts";
import { Inbox } from "./inbox.ts";
import { type PreAuthAnswer, PreAuthDialog, passwordOwner } from "./pre_auth_dialog.ts";
import { bindOrResume } from "./resource_binding.ts";
import { completeLogin } from "./sasl2/complete_login.ts";
import { HeldConnection } from "./sasl2/held_connection.ts";
import type { Login } from "./sasl2/sasl2_authentication.ts";
import type { StreamCarrier } from "./stream_carrier.ts";
import { bindFeatures } from "./stream_features.ts";
import { checkHeader, type HeaderRequest } from "./stream_header.ts";
import type { StreamLimits } from "./stream_limits.ts";
import type { StreamServices } from "./stream_services.ts";

type Phase =
  /** The first header is awaited. */
  | "opening"
  /** Features are sent; STARTTLS, SASL or registration may follow. */
  | "authenticating"
  /** After `<proceed/>` or `<success/>`: a new header is awaited. */
  | "restarting"
  /** Authenticated; next a resource is bound or a session resumed. */
  | "binding"
  | "established"
  | "ended";

/** What it shares with all others. */
export interface StreamContext {
  readonly services: StreamServices;
  readonly limits: StreamLimits;
  readonly turn: EventTurn;
}

export class XmppStream {
  readonly #services: StreamServices;
  readonly #limits: StreamLimits;
  readonly #eventTurn: EventTurn;
  readonly #carrier: StreamCarrier;
  readonly #inbox = new Inbox();
  /** Stops the time limit of the negotiation; undefined after its end. */
  #stopTimer: (() => void) | undefined;
  #phase: Phase = "opening";
  /** Steps of the negotiation that wait for an asynchronous answer. */
  #steps = 0;
  /** The session has asked for a pause. */
  #held = false;
  /** The stream has ended, cleanly or not, and some of its input is not handled yet. */
  #leaving: { readonly clean: boolean } | undefined;
  #domain: string | undefined;
  #headerSent = false;
  /** The address of the client in its stream header. */
  #from: Jid | undefined;
  #dialog: PreAuthDialog | undefined;
  #account: Jid | undefined;
  #session: SessionHandle | undefined;
  /** The connection that the session uses. */
  #connection: Connection;

  constructor({ services, limits, turn }: StreamContext, carrier: StreamCarrier) {
    this.#services = services;
    this.#limits = limits;
    this.#eventTurn = turn;
    this.#carrier = carrier;
    this.#connection = carrier;
    this.#stopTimer = services.schedule(services.settings.negotiationMs, () =>
      this.fail(new StreamError("connection-timeout", { text: "The negotiation took too long" })),
    );
  }

  // What the transport tells

  /** The peer's stream header. */
  open(request: HeaderRequest): void {
    if (this.#isWaiting) return this.#queue(0, () => this.#onHeader(request));
    this.#onHeader(request);
  }

  /**
   * An XML declaration, which only a new header may follow: RFC 6120 section 11.4. A client may send that header before
   * it gets `<success/>` (XEP-0305), so the declaration waits for the answers to earlier input.
   */
  expectRestart(): void {
    if (this.#isWaiting) this.#queue(0, () => this.#onDeclaration());
    else this.#onDeclaration();
  }

  /** A complete element on the first level. */
  receive(element: ScannedElement): void {
    if (this.#isWaiting) this.#queueElement(element);
    else this.#onElement(element);
  }

  /** The answer to Connection.probe(). */
  prove(token: number): void {
    if (this.#session === undefined) return;
    this.#eventTurn.tellsProof();
    this.#session.tell({ kind: "proof", token });
  }

  /** The peer has ended its stream in order. */
  finish(): void {
    if (this.#phase === "ended") return;
    this.#end(true);
    this.#carrier.close();
  }

  /** The connection is gone, or has been closed from this side. */
  lost(): void {
    if (this.#phase !== "ended") this.#end(false);
  }

  /** Ends the stream with an error; any other error than StreamError or XmlError is a fault of the server. */
  fail(error: unknown): void {
    if (this.#phase === "ended") return;
    const answer = this.#asStreamError(error);
    if (this.#phase !== "established") this.#inbox.clear();
    // RFC 6120 section 4.9.1.2: an error is sent within a stream, so the header comes first.
    if (!this.#headerSent) this.#sendHeader(this.#domain ?? this.#services.settings.domains[0]!, undefined);
    this.#carrier.close(answer);
    this.lost();
  }

  /** The server's stream header has been sent. */
  get hasHeader(): boolean {
    return this.#headerSent;
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#drain();
  }

  get #isWaiting(): boolean {
    return this.#steps > 0 || this.#held || !this.#inbox.isEmpty;
  }

  /** The resource that the client has asked for is not there yet. */
  get #isBinding(): boolean {
    return this.#phase === "binding" && this.#steps > 0;
  }

  #queueElement(element: ScannedElement): void {
    this.#queue(element.text.length, () => this.#onElement(element));
  }

  #queue(size: number, handle: () => void): void {
    if (this.#phase === "ended") return;
    // Before authentication the bound is small: there may be many such streams.
    const bound = this.#account === undefined ? MAX_STRANGER_BACKLOG : undefined;
    if (!this.#inbox.push(size, handle, bound)) {
      this.fail(new StreamError("policy-violation", { text: "Too much input is waiting" }));
    }
  }

  #drain(): void {
    while (this.#steps === 0 && !this.#held && this.#phase !== "ended") {
      const handle = this.#inbox.shift();
      if (handle === undefined) break;
      handle();
    }
    if (this.#leaving !== undefined && !this.#held && this.#phase !== "ended") this.#end(this.#leaving.clean);
  }

  #end(clean: boolean): void {
    // Input from before the end still goes to the session, at the session's pace, and once there is one.
    if (!this.#inbox.isEmpty && (this.#phase === "established" ? this.#held : this.#isBinding)) {
      this.#leaving ??= { clean };
      return;
    }
    while (this.#phase === "established" && !this.#inbox.isEmpty) this.#inbox.shift()!();
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#inbox.clear();
    this.#forgetNegotiation();
    this.#session?.tell({ kind: "disconnected", clean, connection: this.#connection });
  }

  // The state machine

  #onHeader(request: HeaderRequest): void {
    try {
      if (this.#phase !== "opening" && this.#phase !== "restarting") throw new StreamError("bad-format");
      const { domain, from } = checkHeader(request, this.#services.settings.domains, this.#account);
      this.#domain = domain;
      this.#sendHeader(domain, from?.bare.text);
      this.#sendFeatures(from);
    } catch (error) {
      this.fail(error);
    }
  }

  #onDeclaration(): void {
    if (this.#phase === "restarting") return;
    this.fail(new StreamError("restricted-xml", { text: "An XML declaration without a new stream" }));
  }

  #sendHeader(from: string, to: string | undefined): void {
    this.#headerSent = true;
    this.#carrier.sendHeader({ id: this.#services.newId(), from, to });
  }

  #sendFeatures(from: Jid | undefined): void {
    if (this.#account !== undefined) {
      this.#phase = "binding";
      this.#carrier.send(bindFeatures(this.#services, this.#carrier).text);
      return;
    }
    this.#phase = "authenticating";
    this.#from = from;
    // State from before STARTTLS is discarded.
    this.#dialog = undefined;
    this.#carrier.send(this.#limits.authFeatures.text(this.#carrier));
  }

  #onElement(element: ScannedElement): void {
    if (this.#session !== undefined) return this.#tell(this.#session, element);
    try {
      if (this.#phase === "authenticating") return this.#beforeAuthentication(element);
      if (this.#phase === "binding") return this.#beforeBinding(element, this.#account!);
      if (this.#phase === "ended") return;
      throw new StreamError("not-authorized", { text: "A stream header was expected" });
    } catch (error) {
      this.fail(error);
    }
  }

  #tell(session: SessionHandle, element: ScannedElement): void {
    this.#eventTurn.tells(element);
    session.tell({ kind: "inbound", element });
  }

  #beforeAuthentication(element: ScannedElement): void {
    if (element.ns === NS.TLS && element.name === "starttls") return this.#startTls();
    if (this.#carrier.startTlsOffer === "required") {
      throw new StreamError("policy-violation", { text: "TLS is required" });
    }
    const owner = passwordOwner(element, this.#limits, this.#dialog);
    if (owner === undefined || this.#isRefused(owner)) void this.#logIn(element);
    else this.#waitForTurn(element, owner);
  }

  /** Too many logins to that account have failed: the refusal needs no turn. */
  #isRefused(owner: string): boolean {
    const account = owner === "" ? undefined : Jid.tryParse(`${owner}@${this.#domain}`);
    if (account === undefined) return false;
    const origin = { address: this.#carrier.address, client: undefined };
    return this.#limits.logins.isExhausted(origin, account, this.#services.now());
  }

  #startTls(): void {
    if (this.#carrier.startTlsOffer === "none") {
      this.#carrier.send(xml`<failure xmlns="${NS.TLS}"/>`.text);
      // RFC 6120 section 5.4.2.2: after a failure the stream is over.
      this.#carrier.close();
      return this.lost();
    }
    // Waiting input came without TLS and must not be read as if it came over TLS.
    if (!this.#inbox.isEmpty) throw new StreamError("policy-violation", { text: "Nothing may follow starttls" });
    this.#carrier.send(xml`<proceed xmlns="${NS.TLS}"/>`.text);
    this.#restart();
    this.#carrier.startTls();
  }

  /** When many clients log in, most wait here, so only the text and the namespaces of the element are held. */
  #waitForTurn({ text, inherited }: ScannedElement, owner: string): void {
    this.#steps++;
    this.#limits.passwordTurns.enter(this.#carrier.address, owner, () => void this.#takeTurn(text, inherited));
  }

  async #takeTurn(text: string, inherited: ScannedElement["inherited"]): Promise<void> {
    const { xmlLimits } = this.#services.settings;
    try {
      // Always awaited: otherwise many ended streams would pass the turn on in one deep recursion.
      await (this.#phase === "authenticating" ? this.#logIn(scanElement(text, xmlLimits, inherited)) : undefined);
    } catch (error) {
      this.fail(error);
    } finally {
      this.#limits.passwordTurns.leave();
      this.#stepDone();
    }
  }

  #logIn(element: ScannedElement): Promise<void> {
    this.#dialog ??= new PreAuthDialog({
      services: this.#services,
      limits: this.#limits,
      carrier: this.#carrier,
      domain: this.#domain!,
      from: this.#from,
    });
    return this.#wait(this.#dialog.answer(element), (answer) => this.#onAnswer(answer));
  }

  #onAnswer(answer: PreAuthAnswer): void {
    if (this.#phase === "ended") return;
    if (answer.kind === "login") return this.#complete(answer.login);
    this.#carrier.send(answer.text);
    if (answer.kind === "authenticated") {
      this.#identify(answer.account);
      this.#restart();
      this.#carrier.expectHeader();
    } else if (this.#dialog?.isExhausted === true) {
      throw new StreamError("policy-violation", { text: "Too many failed logins" });
    }
  }

  /** No stream restart follows: XEP-0388 section 3.5.1. */
  #complete(login: Login): void {
    const completed = completeLogin(login, this.#carrier, this.#services, this.#limits.tokens);
    void this.#wait(completed, ({ account, session, connection, texts }) => {
      this.#identify(account);
      this.#connection = connection;
      if (session !== undefined) this.#establish(session);
      else if (this.#phase === "authenticating") this.#phase = "binding";
      connection.release(texts);
    });
  }

  #identify(account: Jid): void {
    this.#account = account;
    this.#carrier.identified();
  }

  #restart(): void {
    this.#phase = "restarting";
    this.#headerSent = false;
  }

  /** The session's first output follows the answer that the client waits for. */
  #beforeBinding(element: ScannedElement, account: Jid): void {
    if (this.#dialog?.isOutdated(account) === true) throw new StreamError("not-authorized");
    const connection = new HeldConnection(this.#connection);
    this.#wait(bindOrResume(element, account, connection, this.#services), ({ reply, session }) => {
      if (session !== undefined) {
        this.#connection = connection;
        this.#establish(session);
      }
      connection.release(reply === undefined ? [] : [reply]);
    });
  }

  #establish(session: SessionHandle): void {
    if (this.#phase === "ended") {
      return session.tell({ kind: "disconnected", clean: false, connection: this.#connection });
    }
    this.#forgetNegotiation();
    this.#session = session;
    this.#phase = "established";
  }

  /** Releases state that an idle session does not need. */
  #forgetNegotiation(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#from = undefined;
    this.#dialog = undefined;
  }

  /** Later input waits for the answer. */
  #wait<Answer>(promise: Promise<Answer>, then: (answer: Answer) => void): Promise<void> {
    this.#steps++;
    return promise
      .then(then)
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.#stepDone());
  }

  #stepDone(): void {
    this.#steps--;
    this.#drain();
  }

  #asStreamError(error: unknown): StreamError {
    if (error instanceof StreamError) return error;
    if (error instanceof WorkLimitError) {
      this.#services.log.warn("login refused", { address: this.#carrier.address, error: error.message });
      return new StreamError("resource-constraint", { text: "Too many are logging in" });
    }
    if (error instanceof XmlError) return new StreamError(error.condition, { text: error.message });
    this.#services.log.error("stream failed", { address: this.#carrier.address, error });
    return new StreamError("internal-server-error");
  }
}
