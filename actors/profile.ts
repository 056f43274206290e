/** The value that tells delivery about an account, and questions to it. @module */
import type { ArchivePreferences } from "../store/store.ts";
import type { Jid } from "../xmpp/jid.ts";
import type { SessionId } from "./address.ts";

/** A resource as the delivery actor sees it. Its presence is its session's to tell: `SessionRef.view`. */
export interface ResourceEntry {
  readonly resource: string;
  readonly jid: Jid;
  readonly session: SessionId;
  /** Marks that modules have set on it. */
  readonly marks: ReadonlySet<string>;
  /** It has read the account's archive up to this number. */
  readonly seenUntil: number;
}

/** The part of an account that delivery needs: a value, sent by the UserActor whenever it changes. */
export interface Profile {
  /** There is such an account, or (SASL ANONYMOUS) a session without one. */
  readonly exists: boolean;
  /** The store knows the account: messages may wait for it. */
  readonly persistent: boolean;
  readonly resources: readonly ResourceEntry[];
  readonly blocked: ReadonlySet<string>;
  /** Bare JIDs that may see this account's presence (subscription `from` or `both`). */
  readonly watchers: ReadonlySet<string>;
  /** Bare JIDs whose presence this account may see (subscription `to` or `both`). */
  readonly watched: ReadonlySet<string>;
  readonly forwardTo: Jid | undefined;
  readonly archivePreferences: ArchivePreferences | undefined;
  /** Bare JIDs in the roster, for the archive preference `roster`. */
  readonly contacts: ReadonlySet<string>;
}

const NOBODY: ReadonlySet<string> = new Set();

/** Before the account has been read. */
export const UNKNOWN_PROFILE: Profile = {
  exists: false,
  persistent: false,
  resources: [],
  blocked: NOBODY,
  watchers: NOBODY,
  watched: NOBODY,
  forwardTo: undefined,
  archivePreferences: undefined,
  contacts: NOBODY,
};
