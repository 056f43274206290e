/**
 * The tokens that stand for a password until they expire: XEP-0484 sections 3 and 5. Each client of an account has one
 * document with at most two: the one that it uses, and the next one, until it is used for the first time.
 *
 * The mechanisms hash under the token, so that the server must know it: a token is kept, sealed by the store, like the secret of
 * 32 random bytes that it is. A token does not outlive the password under which it was given.
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
/** A token that is older than this is replaced when it is used, whatever it is bound to. */
const ROTATION_MS = DAY_MS;
/**
 * A message that is bound to no single connection can be sent again by who has read it, with any count, which the hash does
 * not cover. So each login with such a token brings a new one, and the old one, which must be good until the new one is
 * used (section 3.5), is no longer trusted after this time, about what a client needs that has lost its connection.
 */
const REPLACED_MS = 600_000;
const BOUND_TO_CONNECTION = "HT-SHA-256-EXPR";
/** Clients of one account that have tokens; the one whose token would expire first loses it. */
const MAX_CLIENTS = 50;

export interface FastToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiry: number;
}

/** Whose token, and the mechanism that it is bound to. */
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
  /** The highest count that the client has told with it. */
  readonly count: number;
  /** The passwordId() of the account when the token was given. */
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
  /** What is under way for one client: the next waits for it, so that no count is taken twice. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(start: FastTokensStart) {
    this.#start = start;
  }

  /** Finds the token that `proves`, and notes its use. Answers with the token. Throws SaslError. */
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
    // Section 3.4: a count that is not higher is that of a message which somebody has sent again.
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

  /** Gives the client a token; the one that it uses stays until the new one is used. Undefined: there is no such account. */
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

  /** Gives a new token where the one just used is due for rotation (section 3.5). */
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
