/** `<stream:features/>` of each stage: RFC 6120 section 4.3.2. @module */
import { NS } from "../xmpp/ns.ts";
import { type Markup, xml } from "../xmpp/xml/xml.ts";
import { offeredMechanisms } from "./sasl/mechanisms.ts";
import type { StreamCarrier } from "./stream_carrier.ts";
import type { StreamServices } from "./stream_services.ts";

export function authFeatures(services: StreamServices, carrier: StreamCarrier): Markup {
  // RFC 6120 section 5.3.1: where TLS is required, nothing else is offered before it.
  if (carrier.startTlsOffer === "required") {
    return features([xml`<starttls xmlns="${NS.TLS}"><required/></starttls>`]);
  }
  const startTls = carrier.startTlsOffer === "optional" && xml`<starttls xmlns="${NS.TLS}"/>`;
  const names = offeredMechanisms(services.settings, carrier.security).map(({ name }) => name);
  const mechanisms = xml`
    <mechanisms xmlns="${NS.SASL}">${names.map((name) => xml`<mechanism>${name}</mechanism>`)}</mechanisms>`;
  return features([startTls, mechanisms, ...services.registry.streamFeatures("auth")]);
}

/** The session feature of RFC 3921 is not announced: Strophe takes even an optional one for a step that must succeed. */
export function bindFeatures(services: StreamServices, carrier: StreamCarrier): Markup {
  const announced = services.registry.streamFeatures("bind");
  // BOSH resends and resumes by itself: XEP-0198 is for the other transports.
  const fitting = carrier.transport === "bosh" ? announced.filter(({ text }) => !text.includes(NS.SM)) : announced;
  return features([xml`<bind xmlns="${NS.BIND}"/>`, ...fitting]);
}

function features(content: readonly (Markup | false)[]): Markup {
  return xml`<stream:features xmlns:stream="${NS.STREAM}">${content}</stream:features>`;
}
