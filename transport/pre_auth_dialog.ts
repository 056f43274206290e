/**
 * The dialog on a stream before authentication: SASL, in the XML of RFC 6120 section 6 or of XEP-0388, and the IQs that
 * strangers may send (registration, XEP-0077).
 * @module
 */
import type { PreAuthContext } from "../modules/module.ts";
import { StanzaError, StreamError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import { attribute, contentOf, type ScannedElement } from "../xmpp/xml/scanned_element.ts";
import { Markup } from "../xmpp/xml/xml.ts";
import { limitKey } from "./client_address.ts";
import { failed, readStanza } from "./resource_binding.ts";
import { MechanismRuns } from "./sasl/mechanism_runs.ts";
import { plain, userNameIn } from "./sasl/plain.ts";
import { SaslAuthentication } from "./sasl/sasl_authentication.ts";
import { type Login, Sasl2Authentication } from "./sasl2/sasl2_authentication.ts";
import type { StreamCarrier } from "./stream_carrier.ts";
import type { StreamLimits } from "./stream_limits.ts";
import type { StreamServices } from "./stream_services.ts";

export type PreAuthAnswer =
  | { readonly kind: "reply"; readonly text: string }
  /** The client is authenticated; a new stream header follows `text`: RFC 6120 section 6.4.6. */
  | { readonly kind: "authenticated"; readonly text: string; readonly account: Jid }
  /** The same, with the client's further requests; no header follows: XEP-0388 section 3.5.1. */
  | { readonly kind: "login"; readonly login: Login };

export interface PreAuthStart {
  readonly services: StreamServices;
  readonly limits: StreamLimits;
  readonly carrier: StreamCarrier;
  /** Whom the stream is for. */
  readonly domain: string;
  /** The address of the client in its stream header. */
  readonly from: Jid | undefined;
}

export class PreAuthDialog {
  readonly #start: PreAuthStart;
  readonly #runs: MechanismRuns;
  readonly #sasl2: Sasl2Authentication;

  constructor(start: PreAuthStart) {
    const { services, limits, carrier, domain, from } = start;
    const { address, security } = carrier;
    this.#start = start;
    this.#runs = new MechanismRuns(services, limits.logins, { address, security, domain, from });
    this.#sasl2 = new Sasl2Authentication(services, this.#runs, limits.tokens);
  }

  /** RFC 6120 section 6.4.5. */
  get isExhausted(): boolean {
    return this.#runs.isExhausted;
  }

  /** The password was changed after this login used it. */
  isOutdated(account: Jid): boolean {
    return this.#runs.isOutdated(account);
  }

  /** The client's next response has to hold a password. */
  get awaitsPassword(): boolean {
    return this.#runs.awaitsPassword;
  }

  /** Takes an element in any namespace. Throws StreamError for an element that is not allowed here. */
  async answer(element: ScannedElement): Promise<PreAuthAnswer> {
    const { ns } = element;
    if (ns === NS.SASL2) return await this.#logIn(element);
    if (this.#sasl2.isUnderWay) throw new StreamError("not-authorized", { text: "An authentication is under way" });
    if (ns === NS.SASL) return await this.#authenticate(element);
    if (ns === NS.SM) return { kind: "reply", text: failed("unexpected-request").text };
    if (ns === NS.CLIENT && isForStrangers(element, this.#start.limits)) return await this.#answerIq(element);
    throw new StreamError("not-authorized");
  }

  async #authenticate(element: ScannedElement): Promise<PreAuthAnswer> {
    const authentication = new SaslAuthentication(this.#start.services, this.#runs);
    const { reply, account } = await authentication.handle(element);
    if (account === undefined) return { kind: "reply", text: reply.text };
    return { kind: "authenticated", text: reply.text, account };
  }

  async #logIn(element: ScannedElement): Promise<PreAuthAnswer> {
    const login = await this.#sasl2.handle(element);
    return login instanceof Markup ? { kind: "reply", text: login.text } : { kind: "login", login };
  }

  async #answerIq(element: ScannedElement): Promise<PreAuthAnswer> {
    const stanza = readStanza(element);
    if (stanza instanceof StanzaError) return { kind: "reply", text: stanza.stanza.error(stanza).toString() };
    const answer = await this.#start.services.registry.answerPreAuth(stanza, this.#preAuthContext());
    return { kind: "reply", text: answer.toString() };
  }

  #preAuthContext(): PreAuthContext {
    const { services, carrier, domain } = this.#start;
    const { address } = carrier;
    const local = carrier.security.loopback;
    const countRegistration = () => this.#countRegistration(address);
    return Object.assign(Object.create(services.serverContext), { domain, address, local, countRegistration });
  }

  #countRegistration(address: string): void {
    const { services, limits } = this.#start;
    const now = services.now();
    const key = limitKey(address);
    if (limits.registrations.isExhausted(key, now)) throw new StanzaError("resource-constraint");
    limits.registrations.count(key, now);
  }
}

/**
 * The account whose password the answer has to check, which is slow by design (modules/passwords.ts), as the client
 * writes it; "" when the account is new or is named later. Undefined: no password is checked. `dialog`: the dialog so
 * far.
 */
export function passwordOwner(
  element: ScannedElement,
  limits: StreamLimits,
  dialog: PreAuthDialog | undefined,
): string | undefined {
  const { ns, name } = element;
  if (ns === NS.CLIENT) return attribute(element, "type") === "set" && isForStrangers(element, limits) ? "" : undefined;
  if (ns !== NS.SASL && ns !== NS.SASL2) return undefined;
  const takes = name === "response" ? dialog?.awaitsPassword : attribute(element, "mechanism") === plain.name;
  return takes ? userNameIn(messageText(element)) : undefined;
}

/** The SASL message of an element, in base64; "" where there is none. */
function messageText(element: ScannedElement): string {
  const { ns, name, children } = element;
  if (ns === NS.SASL || name === "response") return contentOf(element);
  const response = children.find((child) => child.name === "initial-response" && child.ns === NS.SASL2);
  if (response === undefined) return "";
  const text = contentOf(element).slice(response.start, response.end);
  return text.slice(text.indexOf(">") + 1, text.lastIndexOf("<"));
}

/** An IQ that a module answers before authentication. */
function isForStrangers(element: ScannedElement, { preAuthKeys }: StreamLimits): boolean {
  const type = attribute(element, "type");
  return element.name === "iq" && element.children.some(({ ns, name }) => preAuthKeys.has(`${type} ${ns} ${name}`));
}
