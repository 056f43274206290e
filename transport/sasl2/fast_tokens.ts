/**
 * Tokens that replace a password until they expire: XEP-0484 sections 3 and 5. Each client of an account has one
 * document with at most two tokens: the current one, and the next one until its first use.
 *
 * The mechanisms compute an HMAC with the token, so the server must store it. A token is 32 random bytes, sealed by the
 * store. A change of the password ends the tokens given before.
 * @module
 */
import { randomBytes } from "node:crypto";
import type { AsyncStore, Credentials } from "../../store/store.ts";
import { SaslError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { passwordId } from "../../xmpp/scram_keys.ts";
import type { FastLogin } from "./sasl2_request.ts";

const KIND = "fast";
const TOKEN_BYTES = 32;
const DAY_MS = 86_400_000;
const LIFETIME_MS = 21 * DAY_MS;
/** A token older than this is replaced at its next use. */
const ROTATION_MS = DAY_MS;
/**
 * Without channel binding an eavesdropper can replay the message with any count, since the hash does not cover the
 * count. Each login with such a token therefore issues a new one. The old one stays valid until the new one is used
 * (section 3.5), but no longer than this: the time that a client needs to reconnect.
 */
const REPLACED_MS = 600_000;
const BOUND_TO_CONNECTION = "HT-SHA-256-EXPR";
/** Most clients of one account with tokens; the token that would expire first is dropped. */
const MAX_CLIENTS = 50;

export interface FastToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiry: number;
}

/** The owner of a token, and its mechanism. */
export interface TokenOwner {
  /** Bare JID. */
  readonly account: Jid;
  /** The id of the user agent. */
  readonly client: string;
  readonly mechanism: string;
}

/** A token as it is kept. */
interface KeptToken extends FastToken {
  readonly mechanism: string;
  readonly since: number;
  /** The highest count that the client has sent with it. */
  readonly count: number;
  /** The passwordId() of the account when the token was issued. */
  readonly password: string;
}

interface KeptTokens {
  readonly current?: KeptToken | undefined;
  readonly next?: KeptToken | undefined;
}

export interface FastTokensStart {
  readonly store: () => Pick<AsyncStore, "document" | "documents" | "putDocument" | "removeDocument">;
  readonly credentials: (account: Jid) => Promise<Credentials | undefined>;
  readonly now: () => number;
}

export class FastTokens {
  readonly #start: FastTokensStart;
  /** Work in progress for one client; the next waits for it, so that no count is accepted twice. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(start: FastTokensStart) {
    this.#start = start;
  }

  /** Finds the token for which `proves` holds, records its use and returns it. Throws SaslError. */
  use(owner: TokenOwner, login: FastLogin, proves: (token: string) => boolean): Promise<string> {
    return this.#inTurn(owner, async () => {
      const kept = await this.#read(owner);
      const found = [kept.next, kept.current].find(
        (token) => token?.mechanism === owner.mechanism && proves(token.token),
      );
      if (found === undefined) throw new SaslError("not-authorized");
      await this.#check(found, owner, login);
      await this.#noteUse(kept, found, owner, login);
      return found.token;
    });
  }

  async #check({ expiry, password, count }: KeptToken, { account }: TokenOwner, login: FastLogin): Promise<void> {
    const credentials = await this.#start.credentials(account);
    if (credentials === undefined) throw new SaslError("not-authorized");
    if (expiry <= this.#start.now() || password !== passwordId(credentials)) throw new SaslError("credentials-expired");
    // Section 3.4: a count that is not higher belongs to a replayed message.
    if (login.count !== undefined && login.count <= count) throw new SaslError("not-authorized");
  }

  async #noteUse(kept: KeptTokens, found: KeptToken, owner: TokenOwner, login: FastLogin): Promise<void> {
    const store = this.#start.store();
    if (login.invalidate) {
      await store.removeDocument(owner.account.text, KIND, owner.client);
      return;
    }
    if (found === kept.current && login.count === undefined) return;
    const current = { ...found, count: login.count ?? found.count };
    // Section 3.5: the first use of a new token ends those before it.
    await this.#write(owner, { current, next: found === kept.next ? undefined : kept.next });
  }

  /** Issues a token; the current one stays until the new one is used. Undefined: there is no such account. */
  issue(owner: TokenOwner): Promise<FastToken | undefined> {
    return this.#inTurn(owner, async () => {
      const credentials = await this.#start.credentials(owner.account);
      if (credentials === undefined) return undefined;
      const now = this.#start.now();
      const token = randomBytes(TOKEN_BYTES).toString("base64url");
      const password = passwordId(credentials);
      const { mechanism } = owner;
      const next = { token, mechanism, since: now, expiry: now + LIFETIME_MS, count: 0, password };
      const { current } = await this.#read(owner);
      if (current === undefined) await this.#makeRoom(owner);
      await this.#write(owner, { current: current && replaced(current, now), next });
      return { token, expiry: next.expiry };
    });
  }

  /** Issues a new token when the one just used is due for rotation (section 3.5). */
  async rotate(owner: TokenOwner): Promise<FastToken | undefined> {
    const { current } = await this.#read(owner);
    if (current === undefined) return undefined;
    const isYoung = this.#start.now() - current.since < ROTATION_MS;
    if (isYoung && owner.mechanism === BOUND_TO_CONNECTION) return undefined;
    return this.issue(owner);
  }

  async #makeRoom({ account, client }: TokenOwner): Promise<void> {
    const store = this.#start.store();
    const documents = await store.documents(account.text, KIND);
    const others = documents.filter(({ key }) => key !== client).map(({ key, text }) => ({ key, ends: endOf(text) }));
    others.sort((a, b) => b.ends - a.ends);
    const gone = others.filter(({ ends }, index) => index >= MAX_CLIENTS - 1 || ends <= this.#start.now());
    for (const { key } of gone) await store.removeDocument(account.text, KIND, key);
  }

  async #read({ account, client }: TokenOwner): Promise<KeptTokens> {
    const text = await this.#start.store().document(account.text, KIND, client);
    return text === undefined ? {} : (JSON.parse(text) as KeptTokens);
  }

  #write({ account, client }: TokenOwner, kept: KeptTokens): Promise<void> {
    return this.#start.store().putDocument(account.text, KIND, client, JSON.stringify(kept));
  }

  async #inTurn<Answer>({ account, client }: TokenOwner, work: () => Promise<Answer>): Promise<Answer> {
    const key = `${account.text} ${client}`;
    const before = this.#turns.get(key);
    const turn = (before ?? Promise.resolve()).then(work, work);
    this.#turns.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    }
  }
}

function replaced(token: KeptToken, now: number): KeptToken {
  if (token.mechanism === BOUND_TO_CONNECTION) return token;
  return { ...token, expiry: Math.min(token.expiry, now + REPLACED_MS) };
}

/** When the last of them expires. */
function endOf(text: string): number {
  const { current, next } = JSON.parse(text) as KeptTokens;
  return Math.max(current?.expiry ?? 0, next?.expiry ?? 0);
}
