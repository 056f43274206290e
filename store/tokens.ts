/** Tokens of the HTTP API: who may ask it, and for what. The store never has a token itself. @module */

/** What a token allows: to send messages, to read what became of them. */
export const SCOPES = ["send", "read"] as const;
export type Scope = (typeof SCOPES)[number];

export interface ApiToken {
  readonly name: string;
  /** Of the token: SHA-256, as base64url. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  /** When it was made, milliseconds since 1970. */
  readonly at: number;
}

export interface TokenOperations {
  /** Returns false where the name is taken. */
  putToken(token: ApiToken): boolean;
  /** In the order of their names. */
  tokens(): readonly ApiToken[];
  /** Returns false where there was none. */
  removeToken(name: string): boolean;
}
