/** Streams to the servers of other domains, as the destination `federation` sees them. @module */
import type { Stanza } from "../../xmpp/stanza.ts";

/**
 * `not-found`: no such domain, or it has no address (remote-server-not-found). `invalid`: it does not believe that we are who we
 * say (dialback; internal-server-error). `unreachable`: anything that may be over later (remote-server-timeout). `denied`: our own configuration
 * forbids this domain, or what it offers is less than the configuration asks. `unproved`: it was written, and the stream ended before the proof;
 * it may have arrived.
 */
export type LinkFault = "not-found" | "unreachable" | "unproved" | "invalid" | "denied";

export class LinkError extends Error {
  readonly fault: LinkFault;
  constructor(fault: LinkFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

export interface SendOptions {
  /** Resolves when the other server has proved that it has it (XEP-0198, else the answer to an XEP-0199 ping behind it); without: when it is written to an authenticated stream. */
  readonly proof: boolean;
  readonly signal?: AbortSignal;
}

export interface Links {
  /**
   * Sends a stanza to the server of the domain of its `to`, on a stream of the domain of its `from`; opens one where there is none. Stanzas
   * of one pair of domains go in the order of the calls. Rejects with LinkError.
   */
  send(stanza: Stanza, options: SendOptions): Promise<void>;
  /** Ends all streams. */
  close(): Promise<void>;
}

/** What the streams of other servers bring. */
export interface Inbound {
  /**
   * `stanza`: `from` is of a domain that is authenticated on that stream, `to` is of a domain served here, in namespace jabber:client as inside the server.
   * `handled`: called once, when it is durable or has reached its end: XEP-0198's `h` covers it then.
   */
  received(stanza: Stanza, handled: () => void): void;
}
