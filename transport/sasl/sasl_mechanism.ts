/** What a SASL mechanism is: RFC 4422, as the server plays it. @module */
import type { Passwords } from "../../modules/passwords.ts";
import type { Credentials } from "../../store/store.ts";
import type { Jid } from "../../xmpp/jid.ts";

export type SaslStep =
  | { readonly kind: "challenge"; readonly data: string }
  /** `data`: additional data with success. */
  | { readonly kind: "success"; readonly account: Jid; readonly data?: string | Uint8Array };

/** One run of a mechanism. */
export interface SaslExchange {
  /** Takes the client's next message. Throws SaslError. */
  respond(message: Uint8Array): SaslStep | Promise<SaslStep>;
}

/** The data of each channel binding that the connection has, by its unique prefix (RFC 5056 section 7). */
export type ChannelBindings = ReadonlyMap<string, Uint8Array>;

/** Finds the token of the account that `proves`, and tells it. Throws SaslError. XEP-0484 section 3.4 */
export type UseToken = (account: Jid, mechanism: string, proves: (token: string) => boolean) => Promise<string>;

/** What a mechanism may ask of the stream. */
export interface SaslContext {
  readonly domain: string;
  /** The key of what is made up for accounts that do not exist. */
  readonly secret: Uint8Array;
  readonly passwords: Pick<Passwords, "check">;
  /** Of PBKDF2, as configured. */
  readonly rounds: number;
  /** This password is the right one, and its keys have fewer rounds: they are renewed, later. */
  renew(account: Jid, password: string, kept: Credentials): void;
  /** Before a password is looked at. Throws SaslError temporary-auth-failure where too many have been wrong. */
  admit(account: Jid): void;
  credentials(account: Jid): Promise<Credentials | undefined>;
  newNonce(): string;
  /** What was offered, for downgrade_protection.ts; left out: nothing is told of it. */
  readonly offer?: string;
  /** Who the stream header says the client is: it authorizes as nobody else (XEP-0388 section 5.4). */
  readonly from?: Jid | undefined;
  /** Set where mechanisms with channel binding are offered. */
  readonly channelBindings?: ChannelBindings | undefined;
  /** Set where the client logs in with a token. */
  readonly useToken?: UseToken;
}

export interface SaslMechanism {
  readonly name: string;
  /** The password itself crosses the wire. */
  readonly plaintext: boolean;
  /** `<auth/>` without an initial response: `challenge` with nothing, or take it for an `empty` one. */
  readonly withoutResponse: "challenge" | "empty";
  start(context: SaslContext): SaslExchange;
}
