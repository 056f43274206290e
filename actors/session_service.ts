/** How a negotiated stream becomes a session: the contract between transports and the actors. @module */
import type { Jid } from "../xmpp/jid.ts";
import type { ScannedElement } from "../xmpp/xml/scanned_element.ts";
import type { Connection } from "./connection.ts";

/** What a transport tells a session. */
export type TransportMessage =
  /** One complete top-level element, in the order of arrival. */
  | { readonly kind: "inbound"; readonly element: ScannedElement }
  /** The answer to Connection.probe(). */
  | { readonly kind: "proof"; readonly token: number }
  /** The connection is gone; `clean` when the peer ended its stream. Sent once. */
  | { readonly kind: "disconnected"; readonly clean: boolean; readonly connection: Connection };

export interface SessionHandle {
  readonly jid: Jid;
  tell(message: TransportMessage): void;
}

export interface BindRequest {
  /** Bare JID, authenticated. */
  readonly account: Jid;
  /** As the client requested it, not prepared yet; undefined: the server chooses. */
  readonly resource: string | undefined;
  readonly connection: Connection;
  /** Names the client's installation (XEP-0386 section 3.2): an earlier session of the same client ends. */
  readonly client?: string | undefined;
  /** Marks that the resource has from the start (ResourceView.marks), such as "carbons". */
  readonly marks?: readonly string[];
  /** Elements that the session handles first, such as `<enable/>` of XEP-0198. */
  readonly inbound?: readonly ScannedElement[];
}

export type ResumeResult =
  /** The session has taken the connection over and has sent `<resumed/>` and what was missed. */
  | { readonly kind: "resumed"; readonly session: SessionHandle }
  /** XEP-0198 section 5: answer `<failed/>` with item-not-found, with `h` where it is known. */
  | { readonly kind: "unknown"; readonly h: number | undefined };

export interface SessionService {
  /**
   * From now on messages to actors wait for handle(). Each actor then handles several in a row, which is faster than
   * taking one message through all actors after the other.
   */
  hold(): void;
  handle(): void;
  /** All input of this turn of the event loop was handled. */
  turnOver(): void;
  /** RFC 6120 section 7. Throws StanzaError: bad-request for a bad resource, resource-constraint for too many. */
  bind(request: BindRequest): SessionHandle | Promise<SessionHandle>;
  /** XEP-0198 section 5. */
  resume(request: {
    readonly account: Jid;
    readonly previd: string;
    readonly h: number;
    readonly connection: Connection;
  }): Promise<ResumeResult>;
}
