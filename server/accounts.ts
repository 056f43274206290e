/** Accounts as the application and the command line manage them. @module */
import type { ServerContext } from "../modules/module.ts";
import type { AsyncStore } from "../store/store.ts";
import { Jid } from "../xmpp/jid.ts";
import { deriveCredentials } from "../xmpp/scram_keys.ts";

export interface Accounts {
  /** Returns false where the account exists. Throws JidError. */
  add(jid: string, password: string): Promise<boolean>;
  /** Returns false where there is no such account. */
  setPassword(jid: string, password: string): Promise<boolean>;
  /** Removes the account with all that belongs to it, and ends its streams. Returns false where there is no such account. */
  remove(jid: string): Promise<boolean>;
  /** Bare JIDs in order, from after `after`. */
  list(after?: string, limit?: number): Promise<readonly string[]>;
}

export interface AccountsStart {
  readonly database: () => AsyncStore;
  readonly context: () => ServerContext;
  readonly now: () => number;
}

export function createAccounts({ database, context, now }: AccountsStart): Accounts {
  return {
    async add(jid, password) {
      const account = accountOf(jid);
      return await database().createAccount(account.text, await deriveCredentials(password), now());
    },
    async setPassword(jid, password) {
      return await database().setCredentials(accountOf(jid).text, await deriveCredentials(password));
    },
    async remove(jid) {
      const account = accountOf(jid);
      const removed = await database().removeAccount(account.text);
      if (removed) context().endAccount(account);
      return removed;
    },
    list: (after = "", limit = 1000) => database().accounts(after, limit),
  };
}

function accountOf(text: string): Jid {
  const jid = Jid.parse(text);
  if (jid.local === "" || jid.resource !== "") throw new Error(`Cannot use account "${text}": not a bare JID`);
  return jid;
}
