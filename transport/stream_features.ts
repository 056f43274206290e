/** `<stream:features/>` of each stage: RFC 6120 section 4.3.2. @module */
import { NS } from "../xmpp/ns.ts";
import { type Markup, xml } from "../xmpp/xml/xml.ts";
import { offeredMechanisms, withoutBinding } from "./sasl/mechanisms.ts";
import { managesStreams, sasl2Features } from "./sasl2/sasl2_features.ts";
import type { StreamCarrier } from "./stream_carrier.ts";
import type { StreamServices } from "./stream_services.ts";

/** The features before authentication, written once for all streams with the same properties. */
export class AuthFeatures {
  readonly #services: StreamServices;
  readonly #texts = new Map<string, string>();

  constructor(services: StreamServices) {
    this.#services = services;
  }

  text(carrier: StreamCarrier): string {
    const key = kindOf(carrier);
    let text = this.#texts.get(key);
    if (text === undefined) {
      text = authFeatures(this.#services, carrier).text;
      this.#texts.set(key, text);
    }
    return text;
  }
}

/** The properties of a carrier that its features depend on; there are few combinations. */
function kindOf({ transport, startTlsOffer, secure, security }: StreamCarrier): string {
  const { encrypted, loopback, channelBindings } = security;
  const types = channelBindings === undefined ? "" : [...channelBindings.keys()].join();
  return `${transport} ${startTlsOffer} ${secure} ${encrypted} ${loopback} ${types}`;
}

function authFeatures(services: StreamServices, carrier: StreamCarrier): Markup {
  // RFC 6120 section 5.3.1: where TLS is required, nothing else is offered before it.
  if (carrier.startTlsOffer === "required") {
    return features([xml`<starttls xmlns="${NS.TLS}"><required/></starttls>`]);
  }
  const startTls = carrier.startTlsOffer === "optional" && xml`<starttls xmlns="${NS.TLS}"/>`;
  const names = offeredMechanisms(services.settings, withoutBinding(carrier.security)).map(({ name }) => name);
  const mechanisms = xml`
    <mechanisms xmlns="${NS.SASL}">${names.map((name) => xml`<mechanism>${name}</mechanism>`)}</mechanisms>`;
  return features([
    startTls,
    mechanisms,
    ...sasl2Features(services, carrier),
    ...services.registry.streamFeatures("auth", carrier.security.loopback),
  ]);
}

/** The session feature of RFC 3921 is not announced: Strophe treats even an optional one as a required step. */
export function bindFeatures(services: StreamServices, carrier: StreamCarrier): Markup {
  return features([xml`<bind xmlns="${NS.BIND}"/>`, ...announced(services, managesStreams(carrier))]);
}

/** Features after a resource was bound during authentication (XEP-0388 section 3.5.1). */
export function sessionFeatures(services: StreamServices, carrier: StreamCarrier, managed: boolean): Markup {
  return features(announced(services, !managed && managesStreams(carrier)));
}

function announced({ registry }: StreamServices, withStreamManagement: boolean): readonly Markup[] {
  const all = registry.streamFeatures("bind");
  return withStreamManagement ? all : all.filter(({ text }) => !text.includes(NS.SM));
}

function features(content: readonly (Markup | false)[]): Markup {
  return xml`<stream:features xmlns:stream="${NS.STREAM}">${content}</stream:features>`;
}
