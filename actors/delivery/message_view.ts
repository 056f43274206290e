/** What modules see of an account and its messages. @module */
import type { AccountMessage, MessageAccount, StanzaId } from "../../modules/message_phases.ts";
import { seqTime } from "../../store/sequence.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { SessionId } from "../address.ts";
import type { Node } from "../node.ts";
import type { Profile, ResourceEntry } from "../profile.ts";
import type { SessionLetter } from "../session/session_letter.ts";

/** The delivery of the account, as far as the phases need it. */
export interface PhaseHost {
  readonly node: Node;
  readonly owner: Jid;
  /** Of the account. */
  readonly domain: Jid;
  readonly account: MessageAccount;
  resource(name: string): ResourceEntry | undefined;
  isStranger(sender: Jid): boolean;
  tellSession(id: SessionId, letter: SessionLetter): void;
}

export function messageAccount(node: Node, owner: Jid, profile: Profile): MessageAccount {
  const { exists, persistent, blocked, contacts, watched, archivePreferences, resources } = profile;
  return {
    owner,
    exists,
    persistent,
    blocked,
    contacts,
    watched,
    archivePreferences,
    resources,
    settings: node.settings,
    now: () => node.now(),
  };
}

/** A message in the log of an account, or one that nothing keeps. */
export interface Logged {
  readonly stanza: Stanza;
  /** 0: nothing keeps it, and it has no id. */
  readonly seq: number;
  /** The account's own archive has it, or will. */
  readonly kept: boolean;
  /** It has waited in storage. */
  readonly isStored?: boolean;
}

/** Ids and times are made where a module asks for them. */
export class MessageView implements AccountMessage {
  /** As the modules before have left it. */
  stanza: Stanza;
  readonly #logged: Logged;
  readonly #host: PhaseHost;

  constructor(host: PhaseHost, logged: Logged, stanza: Stanza) {
    this.#host = host;
    this.#logged = logged;
    this.stanza = stanza;
  }

  get stanzaId(): StanzaId | undefined {
    const { seq, kept } = this.#logged;
    const { node, owner, domain } = this.#host;
    return seq === 0 ? undefined : { by: kept ? owner : domain, id: node.stanzaId(seq) };
  }

  get storedAt(): number | undefined {
    const { seq, isStored } = this.#logged;
    return isStored === true ? seqTime(seq) : undefined;
  }
}
