/** SASL in the XML syntax of XEP-0388: from `<authenticate/>` to the account, or to `<failure/>`. @module */
import { SaslError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import type { ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import { type Markup, raw, xml } from "../../xmpp/xml/xml.ts";
import { offerText } from "../sasl/downgrade_protection.ts";
import { encodeStep, type MechanismRuns } from "../sasl/mechanism_runs.ts";
import { findMechanism, offeredMechanisms, type Refusal, tokenMechanisms } from "../sasl/mechanisms.ts";
import type { SaslContext, SaslMechanism, SaslStep } from "../sasl/sasl_mechanism.ts";
import type { StreamServices } from "../stream_services.ts";
import type { FastTokens } from "./fast_tokens.ts";
import { readRequest, readResponse, type Sasl2Request } from "./sasl2_request.ts";

/** An authenticated account, and its client's further requests. */
export interface Login {
  /** Bare JID. */
  readonly account: Jid;
  readonly request: Sasl2Request;
  /** Additional data with success, in base64. */
  readonly data: string | undefined;
  /** The password was changed meanwhile. */
  isOutdated(): boolean;
}

export class Sasl2Authentication {
  readonly #services: StreamServices;
  readonly #runs: MechanismRuns;
  readonly #tokens: FastTokens;
  #request: Sasl2Request | undefined;

  constructor(services: StreamServices, runs: MechanismRuns, tokens: FastTokens) {
    this.#services = services;
    this.#runs = runs;
    this.#tokens = tokens;
  }

  /** A challenge waits for its response: only a response or an abort may follow (section 3.4). */
  get isUnderWay(): boolean {
    return this.#request !== undefined;
  }

  /** Takes an element in the SASL2 namespace; returns the reply, or the login. */
  async handle(element: ScannedElement): Promise<Markup | Login> {
    try {
      return this.#report(await this.#step(element));
    } catch (error) {
      this.#request = undefined;
      return failureMarkup(this.#runs.fail(error));
    }
  }

  #step(element: ScannedElement): SaslStep | Promise<SaslStep> {
    switch (element.name) {
      case "authenticate":
        return this.#begin(readRequest(element));
      case "response":
        if (this.#request === undefined) throw new SaslError("malformed-request", "No exchange is under way");
        return this.#runs.respond(readResponse(element));
      case "abort":
        throw new SaslError("aborted");
      default:
        throw new SaslError("malformed-request");
    }
  }

  #begin(request: Sasl2Request): SaslStep | Promise<SaslStep> {
    const { security, from } = this.#runs.peer;
    const { channelBindings } = security;
    const offer = offerText(offeredMechanisms(this.#services.settings, security), channelBindings);
    const context = { from, channelBindings, offer, ...this.#tokenContext(request) };
    const step = this.#runs.begin(this.#mechanismOf(request), request.data, context, request.client);
    this.#request = request;
    return step;
  }

  #mechanismOf({ mechanism, fast }: Sasl2Request): SaslMechanism | Refusal {
    const { security } = this.#runs.peer;
    if (!security.encrypted && !security.loopback) return "encryption-required";
    if (fast === undefined) return findMechanism(mechanism, this.#services.settings, security);
    return (
      tokenMechanisms(this.#services.settings, security).find(({ name }) => name === mechanism) ?? "invalid-mechanism"
    );
  }

  #tokenContext({ fast, client }: Sasl2Request): Partial<SaslContext> {
    if (fast === undefined) return {};
    // XEP-0484 section 4.1: tokens belong to the client that the user agent's id names.
    if (client === undefined) throw new SaslError("malformed-request", "The user agent has no id");
    return {
      useToken: (account, mechanism, proves) => this.#tokens.use({ account, client, mechanism }, fast, proves),
    };
  }

  #report(step: SaslStep): Markup | Login {
    const data = encodeStep(step);
    if (step.kind === "challenge") return xml`<challenge xmlns="${NS.SASL2}">${data}</challenge>`;
    const request = this.#request!;
    this.#request = undefined;
    this.#runs.succeed(step.account);
    const { account } = step;
    return { account, request, data, isOutdated: () => this.#runs.isOutdated(account) };
  }
}

/** Section 3.5.2: the condition is in the namespace of RFC 6120. */
function failureMarkup({ condition, text }: SaslError): Markup {
  const explanation = text !== undefined && xml`<text>${text}</text>`;
  return xml`<failure xmlns="${NS.SASL2}">${raw(`<${condition} xmlns="${NS.SASL}"/>`)}${explanation}</failure>`;
}
