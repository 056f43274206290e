/** What a test client needs of a transport: complete elements go and come; the connection can be ended, cut or starved. @module */
import type { Element } from "../../xmpp/xml/element.ts";

export type Transport = "websocket" | "bosh" | "tcp";

/** Where the server under test listens. */
export interface Address {
  readonly domain: string;
  readonly httpPort: number;
  readonly tcpPort: number;
}

export interface LinkEvents {
  /** One complete element, in the order of arrival; the server's stream header counts as one. */
  element(element: Element): void;
  /** The connection is gone. Said once, unless this side has cut it. */
  closed(): void;
}

export interface Link {
  readonly transport: Transport;
  /** Makes the connection, without a word of XMPP. */
  connect(): Promise<void>;
  /** A stream header: the first one, or that of a restart. */
  openStream(): void;
  /** One complete element. */
  send(text: string): void;
  /** Ends the stream and the connection in order. */
  end(): void;
  /** The connection is gone, without a word of any kind. */
  cut(): void;
  /** Stops reading, for good. */
  freeze(): void;
  /** Whether the transport's own proof of receipt is given: pong frames, the next BOSH request. */
  proves: boolean;
}
