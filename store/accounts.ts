/** Accounts: their credentials, and the settings that are one value each. @module */
import type { ArchivePreferences } from "./archives.ts";

/** SCRAM keys of one mechanism (RFC 5802 section 3); salt and keys in base64. No password is ever kept. */
export interface ScramKeys {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

/** The mechanism's hash is the key, for example `SHA-256`. */
export type Credentials = Readonly<Record<string, ScramKeys>>;

/** Who has a log besides accounts. */
export type OwnerKind = "gateway";

/** Bytes as UTF-8, kept in the archive; in documents, nodes and items. */
export interface AccountBytes {
  readonly archive: number;
  readonly kept: number;
}

export interface AccountOperations {
  /** Returns false where the account exists. */
  createAccount(account: string, credentials: Credentials, at: number): boolean;
  /** Returns false where there is no such account. */
  setCredentials(account: string, credentials: Credentials): boolean;
  /** Replaces keys by others of the same passwordId() (xmpp/scram_keys.ts). Returns false where the password is another now. */
  renewCredentials(account: string, credentials: Credentials): boolean;
  credentials(account: string): Credentials | undefined;
  /**
   * Removes the account with all that belongs to it. The timelines of what it has sent stay for those who follow, but are its domain's
   * from now on: a later account of that name has none of them. Returns false where there is no such account.
   */
  removeAccount(account: string): boolean;
  /** Opens the log of somebody who has no account; nothing where there is one already. Only the log is for such an owner. */
  addOwner(owner: string, kind: OwnerKind): void;
  accounts(after: string, limit: number): readonly string[];
  usage(account: string): AccountBytes | undefined;
  setForward(owner: string, to: string | undefined): void;
  setArchivePreferences(owner: string, preferences: ArchivePreferences): void;
  /** Nothing where there is no such account: its sessions may end after it. */
  setLastActivity(owner: string, at: number, status: string): void;
}
