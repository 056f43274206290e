/** The SASL2 feature before authentication, with its inline features: XEP-0388 section 3.1. @module */
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { offeredMechanisms, tokenMechanisms } from "../sasl/mechanisms.ts";
import type { ChannelBindings, SaslMechanism } from "../sasl/sasl_mechanism.ts";
import type { StreamCarrier } from "../stream_carrier.ts";
import type { StreamServices } from "../stream_services.ts";

/** XEP-0388 section 4: only on an encrypted or local connection. */
export function offersSasl2(carrier: StreamCarrier): boolean {
  return carrier.secure && carrier.startTlsOffer !== "required";
}

export function sasl2Features({ settings }: StreamServices, carrier: StreamCarrier): readonly Markup[] {
  const { security } = carrier;
  const mechanisms = offeredMechanisms(settings, security);
  if (!offersSasl2(carrier) || mechanisms.length === 0) return [];
  const authentication = xml`
    <authentication xmlns="${NS.SASL2}">
      ${mechanisms.map(mechanism)}
      <inline>
        ${managesStreams(carrier) && xml`<sm xmlns="${NS.SM}"/>`}
        <bind xmlns="${NS.BIND2}"><inline>${bindFeatures(carrier).map(feature)}</inline></bind>
        ${tokenFeature(tokenMechanisms(settings, security))}
      </inline>
    </authentication>`;
  return [authentication, ...channelBindingFeature(security.channelBindings)];
}

/** BOSH resends by itself and does not need XEP-0198. */
export function managesStreams({ transport }: Pick<StreamCarrier, "transport">): boolean {
  return transport !== "bosh";
}

/** Features that a client may enable with its resource (XEP-0386 section 3.1). */
function bindFeatures(carrier: StreamCarrier): readonly string[] {
  return managesStreams(carrier) ? [NS.CARBONS, NS.CSI, NS.SM] : [NS.CARBONS, NS.CSI];
}

function feature(name: string): Markup {
  return xml`<feature var="${name}"/>`;
}

function mechanism({ name }: SaslMechanism): Markup {
  return xml`<mechanism>${name}</mechanism>`;
}

/** XEP-0484 section 3.1. */
function tokenFeature(mechanisms: readonly SaslMechanism[]): Markup | false {
  return mechanisms.length > 0 && xml`<fast xmlns="${NS.FAST}">${mechanisms.map(mechanism)}</fast>`;
}

/** XEP-0440 section 2. */
function channelBindingFeature(bindings: ChannelBindings | undefined): readonly Markup[] {
  if (bindings === undefined || bindings.size === 0) return [];
  const types = [...bindings.keys()].map((type) => xml`<channel-binding type="${type}"/>`);
  return [xml`<sasl-channel-binding xmlns="${NS.SASL_CB}">${types}</sasl-channel-binding>`];
}
