/** SASL in the XML syntax of RFC 6120 section 6. @module */
import { SaslError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { attribute, type ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import type { StreamServices } from "../stream_services.ts";
import { offerText } from "./downgrade_protection.ts";
import { decodeBase64, encodeStep, type MechanismRuns } from "./mechanism_runs.ts";
import { findMechanism, offeredMechanisms, withoutBinding } from "./mechanisms.ts";
import type { SaslStep } from "./sasl_mechanism.ts";

export interface SaslReply {
  readonly reply: Markup;
  /** Bare JID, on success. */
  readonly account?: Jid;
}

export class SaslAuthentication {
  readonly #services: StreamServices;
  readonly #runs: MechanismRuns;

  constructor(services: StreamServices, runs: MechanismRuns) {
    this.#services = services;
    this.#runs = runs;
  }

  /** Takes an element in the SASL namespace. */
  async handle(element: ScannedElement): Promise<SaslReply> {
    try {
      return this.#report(await this.#step(element));
    } catch (error) {
      return { reply: this.#runs.fail(error).toMarkup() };
    }
  }

  #step(element: ScannedElement): SaslStep | Promise<SaslStep> {
    switch (element.name) {
      case "auth":
        return this.#start(element);
      case "response":
        return this.#runs.respond(readData(element) ?? new Uint8Array());
      case "abort":
        throw new SaslError("aborted");
      default:
        throw new SaslError("malformed-request");
    }
  }

  #start(element: ScannedElement): SaslStep | Promise<SaslStep> {
    const { settings } = this.#services;
    const { security } = this.#runs.peer;
    const unbound = withoutBinding(security);
    const mechanism = findMechanism(attribute(element, "mechanism") ?? "", settings, unbound);
    const offer = offerText(offeredMechanisms(settings, unbound), security.channelBindings);
    return this.#runs.begin(mechanism, readData(element), { offer });
  }

  #report(step: SaslStep): SaslReply {
    const data = encodeStep(step);
    if (step.kind === "challenge") return { reply: xml`<challenge xmlns="${NS.SASL}">${data}</challenge>` };
    const { account } = step;
    this.#runs.succeed(account);
    if (data === undefined) return { reply: xml`<success xmlns="${NS.SASL}"/>`, account };
    return { reply: xml`<success xmlns="${NS.SASL}">${data}</success>`, account };
  }
}

/** The element's data; undefined where there is none. Throws SaslError. */
function readData(element: ScannedElement): Uint8Array | undefined {
  if (element.children.length > 0) throw new SaslError("malformed-request");
  const text = element.text.slice(element.innerStart, element.innerEnd).trim();
  if (text === "") return undefined;
  // RFC 6120 section 6.4.2: "=" is data of length zero.
  if (text === "=") return new Uint8Array();
  return decodeBase64(text);
}
