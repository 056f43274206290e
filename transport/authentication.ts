/** SASL on one stream: RFC 6120 section 6. @module */
import { randomBytes } from "node:crypto";
import { SaslError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import { attribute, type ScannedElement } from "../xmpp/xml/scanner.ts";
import { type Markup, xml } from "../xmpp/xml/xml.ts";
import type { AttemptLimit } from "./attempt_limit.ts";
import { findMechanism, type StreamSecurity } from "./sasl/mechanisms.ts";
import type { SaslContext, SaslExchange, SaslStep } from "./sasl/sasl_mechanism.ts";
import type { StreamServices } from "./stream_services.ts";

const NONCE_BYTES = 18;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export interface AuthenticationResult {
  readonly reply: Markup;
  /** Bare JID, on success. */
  readonly account?: Jid;
}

export interface AuthenticationPeer {
  readonly address: string;
  readonly security: StreamSecurity;
}

export class Authentication {
  readonly #services: StreamServices;
  readonly #logins: AttemptLimit;
  readonly #peer: AuthenticationPeer;
  readonly #context: SaslContext;
  #exchange: SaslExchange | undefined;
  #mechanism = "";
  #failures = 0;

  constructor(services: StreamServices, logins: AttemptLimit, peer: AuthenticationPeer, domain: string) {
    this.#services = services;
    this.#logins = logins;
    this.#peer = peer;
    this.#context = {
      domain,
      secret: services.secret,
      credentials: (account) => services.credentials(account),
      newNonce: () => randomBytes(NONCE_BYTES).toString("base64url"),
    };
  }

  /** RFC 6120 section 6.4.5: enough is enough. */
  get isExhausted(): boolean {
    return this.#failures >= this.#services.settings.maxAttempts;
  }

  /** Takes an element in the SASL namespace. */
  async handle(element: ScannedElement): Promise<AuthenticationResult> {
    try {
      return this.#report(await this.#step(element));
    } catch (error) {
      this.#exchange = undefined;
      return { reply: this.#failure(error).toMarkup() };
    }
  }

  #step(element: ScannedElement): SaslStep | Promise<SaslStep> {
    switch (element.name) {
      case "auth":
        return this.#start(element);
      case "response":
        if (this.#exchange === undefined) throw new SaslError("malformed-request", "No exchange is under way");
        return this.#exchange.respond(readData(element) ?? new Uint8Array());
      case "abort":
        throw new SaslError("aborted");
      default:
        throw new SaslError("malformed-request");
    }
  }

  #start(element: ScannedElement): SaslStep | Promise<SaslStep> {
    if (this.#exchange !== undefined) throw new SaslError("malformed-request", "An exchange is under way");
    const { settings } = this.#services;
    const { address, security } = this.#peer;
    if (this.#logins.isExhausted(address, this.#services.now())) {
      throw new SaslError("temporary-auth-failure", "Too many failed logins from this address");
    }
    const mechanism = findMechanism(attribute(element, "mechanism") ?? "", settings, security);
    if (typeof mechanism === "string") throw new SaslError(mechanism);
    const data = readData(element);
    this.#mechanism = mechanism.name;
    this.#exchange = mechanism.start(this.#context);
    if (data === undefined && mechanism.withoutResponse === "challenge") return { kind: "challenge", data: "" };
    return this.#exchange.respond(data ?? new Uint8Array());
  }

  #report(step: SaslStep): AuthenticationResult {
    const data = step.data === undefined ? undefined : Buffer.from(step.data).toString("base64");
    if (step.kind === "challenge") return { reply: xml`<challenge xmlns="${NS.SASL}">${data}</challenge>` };
    this.#exchange = undefined;
    this.#services.log.info("authenticated", {
      account: step.account.text,
      mechanism: this.#mechanism,
      address: this.#peer.address,
    });
    const { account } = step;
    if (data === undefined) return { reply: xml`<success xmlns="${NS.SASL}"/>`, account };
    return { reply: xml`<success xmlns="${NS.SASL}">${data}</success>`, account };
  }

  #failure(error: unknown): SaslError {
    const { log } = this.#services;
    const { address } = this.#peer;
    const mechanism = this.#mechanism;
    this.#failures++;
    if (!(error instanceof SaslError)) {
      log.error("authentication failed", { address, mechanism, error });
      return new SaslError("temporary-auth-failure");
    }
    if (error.condition === "not-authorized") this.#logins.count(address, this.#services.now());
    log.info("authentication refused", { address, mechanism, condition: error.condition });
    return error;
  }
}

/** The element's data; undefined where there is none. Throws SaslError. */
function readData(element: ScannedElement): Uint8Array | undefined {
  if (element.children.length > 0) throw new SaslError("malformed-request");
  const text = element.text.slice(element.innerStart, element.innerEnd).trim();
  if (text === "") return undefined;
  // RFC 6120 section 6.4.2: "=" is data of length zero.
  if (text === "=") return new Uint8Array();
  if (!BASE64.test(text)) throw new SaslError("incorrect-encoding");
  return Buffer.from(text, "base64");
}
