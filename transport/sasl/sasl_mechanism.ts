/** What a SASL mechanism is: RFC 4422, as the server plays it. @module */
import type { Credentials } from "../../store/store.ts";
import type { Jid } from "../../xmpp/jid.ts";

export type SaslStep =
  | { readonly kind: "challenge"; readonly data: string }
  /** `data`: additional data with success. */
  | { readonly kind: "success"; readonly account: Jid; readonly data?: string };

/** One run of a mechanism. */
export interface SaslExchange {
  /** Takes the client's next message. Throws SaslError. */
  respond(message: Uint8Array): SaslStep | Promise<SaslStep>;
}

/** What a mechanism may ask of the stream. */
export interface SaslContext {
  readonly domain: string;
  /** The key of what is made up for accounts that do not exist. */
  readonly secret: Uint8Array;
  credentials(account: Jid): Promise<Credentials | undefined>;
  newNonce(): string;
}

export interface SaslMechanism {
  readonly name: string;
  /** The password itself crosses the wire. */
  readonly plaintext: boolean;
  /** `<auth/>` without an initial response: `challenge` with nothing, or take it for an `empty` one. */
  readonly withoutResponse: "challenge" | "empty";
  start(context: SaslContext): SaslExchange;
}
