/** The connection of a session; each transport implements it. @module */
import type { StreamError } from "../xmpp/errors.ts";

export interface Connection {
  readonly transport: "websocket" | "bosh" | "tcp";
  /** TLS, or a loopback address. */
  readonly secure: boolean;
  /** The peer's address, for limits and log records. */
  readonly address: string;
  /** Sends one complete top-level element. Never throws; does nothing once closed. Writes of one turn may leave together. */
  send(text: string): void;
  /** UTF-16 units given to send() that have not left this process yet. */
  readonly backlog: number;
  /**
   * Asks the transport to prove that the peer has received everything sent before this call, by its own means (a
   * WebSocket ping frame, a later BOSH request). It reports by telling the session `{ kind: "proof", token }`. Returns
   * false when the transport has no such means; the session then sends an XEP-0199 ping.
   */
  probe(token: number): boolean;
  /** Ends the stream: sends the error, if there is one, and the end of the stream, then closes the connection. */
  close(error?: StreamError): void;
  /** Stops and resumes reading from the peer, where the transport can. */
  pause(): void;
  resume(): void;
}
