/** Who may ask the HTTP API: bearer tokens (RFC 6750), of which the store has the hashes. @module */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { type ApiToken, type AsyncStore, SCOPES, type Scope } from "../../store/store.ts";

export type TokenInfo = Omit<ApiToken, "hash">;

export interface Tokens {
  /**
   * Makes a token and returns it: it cannot be read again. Undefined: the name is taken. Throws TokenError for a name or scopes that
   * cannot be used, and where there are too many.
   */
  add(name: string, scopes: readonly Scope[]): Promise<string | undefined>;
  /** In the order of their names. */
  list(): Promise<readonly TokenInfo[]>;
  /** Returns false where there was none. Its streams end within 15 seconds. */
  remove(name: string): Promise<boolean>;
}

export class TokenError extends Error {
  override readonly name = "TokenError";
}

export interface ApiTokensStart {
  readonly database: () => Pick<AsyncStore, "putToken" | "tokens" | "removeToken">;
  now(): number;
}

const NAME = /^[\w.-]{1,64}$/;
const TOKEN = /^ampact_[\w-]{43}$/;
const TOKEN_BYTES = 32;
const MAX_TOKENS = 100;
/** Another process that shares the store may change tokens: they are read again after this time. */
const FRESH_MS = 1000;

export class ApiTokens implements Tokens {
  readonly #start: ApiTokensStart;
  #known: Promise<readonly ApiToken[]> | undefined;
  #readAt = 0;

  constructor(start: ApiTokensStart) {
    this.#start = start;
  }

  async add(name: string, scopes: readonly Scope[]): Promise<string | undefined> {
    const { database, now } = this.#start;
    if (!NAME.test(name)) throw new TokenError(`Cannot add token "${name}": a name has 1 to 64 of A-Z a-z 0-9 _ . -`);
    const unique = SCOPES.filter((scope) => scopes.includes(scope));
    if (unique.length === 0 || !scopes.every((scope) => SCOPES.includes(scope))) {
      throw new TokenError(`Cannot add token "${name}": its scopes are of ${SCOPES.join(", ")}, at least one`);
    }
    if ((await database().tokens()).length >= MAX_TOKENS) {
      throw new TokenError(`Cannot add token "${name}": there are ${MAX_TOKENS} already`);
    }
    const token = `ampact_${randomBytes(TOKEN_BYTES).toString("base64url")}`;
    const hash = hashOf(token).toString("base64url");
    const isNew = await database().putToken({ name, hash, scopes: unique, at: now() });
    this.#known = undefined;
    return isNew ? token : undefined;
  }

  async list(): Promise<readonly TokenInfo[]> {
    return (await this.#start.database().tokens()).map(({ name, scopes, at }) => ({ name, scopes, at }));
  }

  async remove(name: string): Promise<boolean> {
    const wasThere = await this.#start.database().removeToken(name);
    this.#known = undefined;
    return wasThere;
  }

  /** Whether there is any: without one there is no API. */
  async exist(): Promise<boolean> {
    return (await this.#all()).length > 0;
  }

  /** The token of an Authorization header; undefined: none, or none that is known. */
  async find(authorization: string | undefined): Promise<ApiToken | undefined> {
    const token = /^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
    if (token === undefined || !TOKEN.test(token)) return undefined;
    const hash = hashOf(token);
    let found: ApiToken | undefined;
    // All are compared, each in constant time: the time of the answer does not tell which is nearest.
    for (const known of await this.#all()) {
      if (timingSafeEqual(Buffer.from(known.hash, "base64url"), hash)) found = known;
    }
    return found;
  }

  async isValid({ hash }: ApiToken): Promise<boolean> {
    return (await this.#all()).some((known) => known.hash === hash);
  }

  async #all(): Promise<readonly ApiToken[]> {
    const { database, now } = this.#start;
    const age = now() - this.#readAt;
    if (this.#known === undefined || age < 0 || age >= FRESH_MS) {
      this.#readAt = now();
      const reading = database().tokens();
      this.#known = reading;
      reading.catch(() => {
        if (this.#known === reading) this.#known = undefined;
      });
    }
    return this.#known;
  }
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
