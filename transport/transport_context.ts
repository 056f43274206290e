import { ElementReader } from "../xmpp/xml/element_reader.ts";
import type { XmlLimits } from "../xmpp/xml/scanned_element.ts";
import { AddressCount } from "./address_count.ts";
import { AllowedOrigins } from "./allowed_origins.ts";
import { type TrustsProxy, trustProxies } from "./client_address.ts";
import { ConnectionTable } from "./connection_table.ts";
import { EventTurn } from "./event_turn.ts";
import type { StreamContext } from "./stream.ts";
import { createStreamLimits } from "./stream_limits.ts";
import type { StreamServices } from "./stream_services.ts";

/** State that all transports of one server share. */
export interface TransportContext extends StreamContext {
  readonly connections: ConnectionTable;
  /** Reads the elements of all streams, one after the other. */
  readonly scan: ElementReader;
  /** The same before authentication. */
  readonly strangers: { readonly limits: XmlLimits; readonly scan: ElementReader };
  /** HTTP requests whose bodies are being read. */
  readonly uploads: AddressCount;
  readonly origins: AllowedOrigins;
  readonly trustsProxy: TrustsProxy;
}

export function createTransportContext(services: StreamServices): TransportContext {
  const { settings } = services;
  const limits = { ...settings.xmlLimits, maxBytes: settings.strangerStanzaBytes };
  return {
    services,
    limits: createStreamLimits(services),
    connections: new ConnectionTable(settings.connectionsPerAddress),
    turn: new EventTurn(services.sessions),
    scan: new ElementReader(settings.xmlLimits),
    strangers: { limits, scan: new ElementReader(limits) },
    uploads: new AddressCount(settings.uploadsPerAddress),
    origins: new AllowedOrigins(settings),
    trustsProxy: trustProxies(settings.trustedProxies),
  };
}
