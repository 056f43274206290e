import { ElementScanner } from "../xmpp/xml/scanner.ts";
import { type TrustsProxy, trustProxies } from "./client_address.ts";
import { ConnectionTable } from "./connection_table.ts";
import { Outflow } from "./outflow.ts";
import { createStreamLimits, type StreamLimits } from "./stream_limits.ts";
import type { StreamServices } from "./stream_services.ts";

/** What all transports of one server share. */
export interface TransportContext {
  readonly services: StreamServices;
  readonly limits: StreamLimits;
  readonly connections: ConnectionTable;
  readonly outflow: Outflow;
  /** For every element of every stream, one after the other. */
  readonly scan: ElementScanner;
  readonly trustsProxy: TrustsProxy;
}

export function createTransportContext(services: StreamServices): TransportContext {
  return {
    services,
    limits: createStreamLimits(services),
    connections: new ConnectionTable(services.settings.connectionsPerAddress),
    outflow: new Outflow(),
    scan: new ElementScanner(services.settings.xmlLimits),
    trustsProxy: trustProxies(services.settings.trustedProxies),
  };
}
