import { ChildMemory, ElementScanner } from "../xmpp/xml/scanner.ts";
import { type TrustsProxy, trustProxies } from "./client_address.ts";
import { ConnectionTable } from "./connection_table.ts";
import { EventTurn } from "./event_turn.ts";
import type { StreamContext } from "./stream.ts";
import { createStreamLimits } from "./stream_limits.ts";
import type { StreamServices } from "./stream_services.ts";

/** What all transports of one server share. */
export interface TransportContext extends StreamContext {
  readonly connections: ConnectionTable;
  /** For every element of every stream, one after the other. */
  readonly scan: ElementScanner;
  readonly trustsProxy: TrustsProxy;
}

export function createTransportContext(services: StreamServices): TransportContext {
  return {
    services,
    limits: createStreamLimits(services),
    connections: new ConnectionTable(services.settings.connectionsPerAddress),
    turn: new EventTurn(services.sessions, services.settings.stanzasPerSecond),
    scan: new ElementScanner(services.settings.xmlLimits, new ChildMemory()),
    trustsProxy: trustProxies(services.settings.trustedProxies),
  };
}
