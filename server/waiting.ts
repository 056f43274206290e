/** What waits in storage, for the application and the command line. @module */
import { seqTime } from "../store/sequence.ts";
import type { AsyncStore, PendingMessage } from "../store/store.ts";
import { Jid } from "../xmpp/jid.ts";
import { Stanza } from "../xmpp/stanza.ts";

/** A message that waits. Times are milliseconds since 1970. */
export interface WaitingMessage {
  /** Its place in the log, for `after`. */
  readonly seq: number;
  readonly from?: string;
  /** The id attribute. */
  readonly stanza?: string;
  /** The id of its timeline, which tells why it waits: `outcomes.get(id)`. Undefined: it is not tracked. */
  readonly id?: string;
  readonly since: number;
  /** When the first of its rules about time is met. Undefined: there is none. */
  readonly until?: number;
}

export interface WaitingFor {
  /** A bare JID, or the domain of a destination. */
  readonly jid: string;
  readonly messages: number;
}

export interface Waiting {
  /** For a bare JID or a domain, oldest first. 100 unless `limit` is given. Throws JidError. */
  messages(
    jid: string,
    page?: { readonly after?: number; readonly limit?: number },
  ): Promise<readonly WaitingMessage[]>;
  /** For whom any wait: destinations, then accounts in their order. Asks the store about each account. */
  owners(): AsyncIterable<WaitingFor>;
}

const LIMIT = 100;
const ACCOUNTS = 1000;

export function createWaiting({ database }: { readonly database: () => AsyncStore }): Waiting {
  return {
    async messages(jid, { after = 0, limit = LIMIT } = {}) {
      return (await database().pending(Jid.parse(jid).bare.text, after, limit)).map(waitingMessage);
    },
    async *owners() {
      for (const jid of await database().waitingOwners()) yield await waitingFor(database(), jid);
      for (let after = ""; ; ) {
        const accounts = await database().accounts(after, ACCOUNTS);
        for (const jid of accounts) {
          const found = await waitingFor(database(), jid);
          if (found.messages > 0) yield found;
        }
        if (accounts.length === 0) return;
        after = accounts.at(-1)!;
      }
    },
  };
}

async function waitingFor(database: AsyncStore, jid: string): Promise<WaitingFor> {
  const shares = await database.pendingShares(jid, []);
  return { jid, messages: shares.reduce((sum, { messages }) => sum + messages, 0) };
}

function waitingMessage({ seq, text, timeline, deadline }: PendingMessage): WaitingMessage {
  const { from, id } = Stanza.parse(text);
  return {
    seq,
    ...(from !== undefined && { from: from.text }),
    ...(id !== undefined && { stanza: id }),
    ...(timeline !== undefined && { id: timeline }),
    since: seqTime(seq),
    ...(deadline !== undefined && { until: deadline }),
  };
}
