/** A raw connection for faults: it can be cut, made deaf or slow. One class for each transport. @module */
import type { Element } from "../xmpp/xml/element.ts";
import type { ChaosTransport } from "./history.ts";

export interface LinkEvents {
  /** A stream feature list, a stanza, an XEP-0198 element: whatever comes on the first level. */
  element(element: Element): void;
  /** Nothing comes any more. */
  closed(): void;
}

export interface Link {
  readonly transport: ChaosTransport;
  /** Connects and opens the stream. Rejects where the server cannot be reached. */
  open(events: LinkEvents): Promise<void>;
  /** Opens the stream anew, after authentication. */
  restart(): void;
  send(text: string): void;
  /** Stops reading and answering; incoming text is kept. */
  deafen(): void;
  /** Reads the kept text, and continues. */
  listen(): void;
  /** Ends the stream in order. */
  finish(): void;
  /** Drops the connection without closing the stream; unread text is lost. */
  cut(): void;
}

export interface LinkTarget {
  readonly httpPort: number;
  readonly tcpPort: number | undefined;
  readonly domain: string;
}
