/**
 * What modules see of messages: named phases, run in the order of the module list by the account's DeliveryActor. A phase
 * returns what should happen and touches nothing else; what it throws is logged, and the message goes on without it.
 * @module
 */
import type { Outcome } from "../amp/outcome.ts";
import type { ArchivePreferences } from "../store/store.ts";
import type { StanzaError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { Effect } from "./effect.ts";
import type { ServerSettings } from "./server_settings.ts";

/** The account whose message it is, as a value: made anew when something of it changes. */
export interface MessageAccount {
  /** Bare JID. */
  readonly owner: Jid;
  /** There is such an account, or (SASL ANONYMOUS) a session without one. */
  readonly exists: boolean;
  /** The store knows the account. */
  readonly persistent: boolean;
  readonly blocked: ReadonlySet<string>;
  /** Bare JIDs in the roster. */
  readonly contacts: ReadonlySet<string>;
  /** Bare JIDs whose presence this account may see (subscription `to` or `both`). */
  readonly watched: ReadonlySet<string>;
  /** XEP-0441; undefined: everything is archived. */
  readonly archivePreferences: ArchivePreferences | undefined;
  /** The bound resources; `marks`: as ResourceView. */
  readonly resources: readonly MessageResource[];
  readonly settings: ServerSettings;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface MessageResource {
  readonly jid: Jid;
  readonly marks: ReadonlySet<string>;
}

/** XEP-0359 section 3. */
export interface StanzaId {
  readonly by: Jid;
  readonly id: string;
}

/** A message that has its place in the account's log. */
export interface AccountMessage {
  readonly stanza: Stanza;
  /** By the account where its archive keeps the message, else by the server; undefined: the message has no place in a log. */
  readonly stanzaId: StanzaId | undefined;
  /** Since when it has waited in storage, in milliseconds since 1970; undefined: it has not. */
  readonly storedAt: number | undefined;
}

export interface MessagePhases {
  /**
   * A client of the account sends a message; its rules (XEP-0079) are valid. A stanza goes on in its place; with an error the
   * message goes no further, and the client gets that error, or what a rule `deliver=none` wants.
   */
  outgoing?(stanza: Stanza, account: MessageAccount): Stanza | StanzaError | undefined;
  /** The message is on its way to its recipient, in the form that `outgoing` gave it. */
  sent?(message: AccountMessage, account: MessageAccount): readonly Effect[] | undefined;
  /** A message has come for the account; before plan and rules. A stanza goes on in its place. */
  incoming?(stanza: Stanza, account: MessageAccount): Stanza | undefined;
  /** Devices of the account are about to get the message, now or once more. A stanza goes there in its place. */
  shown?(message: AccountMessage, account: MessageAccount): Stanza | undefined;
  /** The message has gone to these resources for the first time; not so where it has only come out of storage. */
  offered?(
    message: AccountMessage,
    resources: readonly string[],
    account: MessageAccount,
  ): readonly Effect[] | undefined;
  /** The message has reached an end. One that is `stored` reaches another later. */
  settled?(message: AccountMessage, outcome: Outcome, account: MessageAccount): readonly Effect[] | undefined;
}

export type PhaseName = keyof MessagePhases;

type PhaseOf<Name extends PhaseName> = NonNullable<MessagePhases[Name]>;

/** A phase, and the name of the module whose it is. */
export interface ListedPhase<Name extends PhaseName = PhaseName> {
  readonly module: string;
  readonly run: PhaseOf<Name>;
}

/** The phases of all modules, in their order. */
export type PhaseLists = { readonly [Name in PhaseName]: readonly ListedPhase<Name>[] };

export function listPhases(
  modules: readonly { readonly name: string; readonly message?: MessagePhases }[],
): PhaseLists {
  const list = <Name extends PhaseName>(name: Name): readonly ListedPhase<Name>[] =>
    modules.flatMap(({ name: module, message }) => {
      const run = message?.[name];
      return run === undefined ? [] : [{ module, run: run.bind(message) as PhaseOf<Name> }];
    });
  return {
    outgoing: list("outgoing"),
    sent: list("sent"),
    incoming: list("incoming"),
    shown: list("shown"),
    offered: list("offered"),
    settled: list("settled"),
  };
}
