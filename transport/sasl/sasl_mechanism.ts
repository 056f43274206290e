/** A SASL mechanism on the server's side: RFC 4422. @module */
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

/** Returns the account's token for which `proves` holds. Throws SaslError. XEP-0484 section 3.4 */
export type UseToken = (account: Jid, mechanism: string, proves: (token: string) => boolean) => Promise<string>;

/** What a mechanism may use of the stream. */
export interface SaslContext {
  readonly domain: string;
  /** Derives the invented salts and keys of unknown accounts. */
  readonly secret: Uint8Array;
  readonly passwords: Pick<Passwords, "check">;
  /** Of PBKDF2, as configured. */
  readonly rounds: number;
  /** The password is correct and its keys have too few rounds: they are renewed later. */
  renew(account: Jid, password: string, kept: Credentials): void;
  /** Called before a password is checked. Throws SaslError temporary-auth-failure after too many failures. */
  admit(account: Jid): void;
  credentials(account: Jid): Promise<Credentials | undefined>;
  newNonce(): string;
  /** The offer, for downgrade_protection.ts; left out: no hash of it is sent. */
  readonly offer?: string;
  /**
   * The address of the client in its stream header: it must not authorize as another account (XEP-0388 section 5.4).
   */
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
  /**
   * `<auth/>` without an initial response: `challenge` sends an empty challenge, `empty` takes it as an empty response.
   */
  readonly withoutResponse: "challenge" | "empty";
  start(context: SaslContext): SaslExchange;
}
