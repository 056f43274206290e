/**
 * Limits on failed logins: they slow down guessing of passwords and do not lock out the owner of an account. Three
 * counts apply together:
 *
 * - An origin and an account have few failures a minute. An origin is an address, or a client that this account has
 *   logged in with before (the id of its user agent, which others do not know): guesses from the owner's own network do
 *   not stop the owner's own client. One gap remains: an owner without such a client shares the limit with a guesser at
 *   the same address.
 * - An account has more failures an hour, over all origins that it is not known to use: many addresses together guess
 *   no faster than that, and the owner can still log in from known origins.
 * - An address has a wide limit over all accounts that it is not known for, against one password tried on many
 *   accounts. It is wider for an address that stands for many clients: loopback and proxies without a PROXY header.
 *
 * Tokens (XEP-0484) are too long to be guessed: a failure with a token counts for the address only, and tokens are
 * never refused by these limits. Unknown accounts are counted like others. After a restart no origin is known.
 * @module
 */
import { createHash } from "node:crypto";
import type { Jid } from "../xmpp/jid.ts";
import { AttemptLimit } from "./attempt_limit.ts";
import { limitKey } from "./client_address.ts";
import type { FailedLoginLimits } from "./stream_services.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;

/** Factor of the limit for an address that many clients share. */
const SHARED_FACTOR = 10;
/** Origins that have logged in; the one that did so longest ago is dropped first. */
const MAX_KNOWN = 65_536;
const KEY_CHARS = 22;

export interface LoginOrigin {
  readonly address: string;
  /** The id of the user agent, if the client sends it (XEP-0388 section 3.3). */
  readonly client: string | undefined;
}

export class FailedLogins {
  readonly #pairs: AttemptLimit;
  readonly #accounts: AttemptLimit;
  readonly #addresses: AttemptLimit;
  readonly #sharedAddresses: AttemptLimit;
  readonly #isShared: (address: string) => boolean;
  readonly #known = new Set<string>();

  /** `isShared`: many clients come from that address. */
  constructor(limits: FailedLoginLimits, isShared: (address: string) => boolean) {
    this.#pairs = new AttemptLimit(limits.perAddressAndAccountMinute, MINUTE);
    this.#accounts = new AttemptLimit(limits.perAccountHour, HOUR);
    this.#addresses = new AttemptLimit(limits.perAddressMinute, MINUTE);
    this.#sharedAddresses = new AttemptLimit(limits.perAddressMinute * SHARED_FACTOR, MINUTE);
    this.#isShared = isShared;
  }

  /** The account's passwords are not checked for now. */
  isExhausted(origin: LoginOrigin, account: Jid, now: number): boolean {
    const pair = this.#pairKey(origin, account);
    if (this.#pairs.isExhausted(pair, now)) return true;
    if (this.#known.has(pair)) return false;
    const { address } = origin;
    return (
      this.#accounts.isExhausted(accountKey(account), now) || this.#limitOf(address).isExhausted(limitKey(address), now)
    );
  }

  /** `account`: undefined where it is not known, or no password was tried. */
  count(origin: LoginOrigin, account: Jid | undefined, now: number): void {
    const { address } = origin;
    if (account === undefined) return this.#limitOf(address).count(limitKey(address), now);
    const pair = this.#pairKey(origin, account);
    this.#pairs.count(pair, now);
    if (this.#known.has(pair)) return;
    this.#accounts.count(accountKey(account), now);
    this.#limitOf(address).count(limitKey(address), now);
  }

  succeed({ address, client }: LoginOrigin, account: Jid): void {
    this.#know(addressKey(address, account));
    if (client !== undefined) this.#know(clientKey(client, account));
  }

  #limitOf(address: string): AttemptLimit {
    return this.#isShared(address) ? this.#sharedAddresses : this.#addresses;
  }

  #pairKey({ address, client }: LoginOrigin, account: Jid): string {
    const key = client === undefined ? undefined : clientKey(client, account);
    return key !== undefined && this.#known.has(key) ? key : addressKey(address, account);
  }

  #know(key: string): void {
    this.#known.delete(key);
    this.#known.add(key);
    if (this.#known.size <= MAX_KNOWN) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }
}

function accountKey(account: Jid): string {
  return keyOf("account", account.text);
}

function addressKey(address: string, account: Jid): string {
  return keyOf("address", limitKey(address), account.text);
}

function clientKey(client: string, account: Jid): string {
  return keyOf("client", client, account.text);
}

/** A key of fixed length, whatever the length of the name. */
function keyOf(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("base64url").slice(0, KEY_CHARS);
}
