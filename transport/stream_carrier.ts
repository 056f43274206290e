/** What a stream needs from its transport. @module */
import type { Connection } from "../actors/connection.ts";
import type { StreamSecurity } from "./sasl/mechanisms.ts";

/** The server's side of a stream header, RFC 6120 section 4.7. */
export interface StreamHeader {
  readonly id: string;
  readonly from: string;
  readonly to: string | undefined;
}

export interface StreamCarrier extends Connection {
  readonly security: StreamSecurity;
  /** TCP: whether STARTTLS is offered, and whether nothing else is until TLS is there. */
  readonly startTlsOffer: "none" | "optional" | "required";
  /** Writes the header in the transport's own form. */
  sendHeader(header: StreamHeader): void;
  /** A new stream header is expected from the peer (RFC 6120 section 4.3.3). */
  expectHeader(): void;
  /** The client is authenticated: the bounds for strangers end. */
  identified(): void;
  /** `<proceed/>` has been given to send(): what follows is TLS. */
  startTls(): void;
}
