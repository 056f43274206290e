/** Management of accounts, for the application and the command line. @module */
import { forwardingAddress } from "../modules/forwarding/forwarding_address.ts";
import type { ServerContext } from "../modules/module.ts";
import { PASSWORDS } from "../modules/passwords.ts";
import { removeAccount } from "../modules/register/remove_account.ts";
import type { AsyncStore } from "../store/store.ts";
import { Jid } from "../xmpp/jid.ts";
import { passwordId, withPasswordId } from "../xmpp/scram_keys.ts";

export interface Accounts {
  /** Returns false when the account exists. Throws JidError, and an Error when the domain is not served. */
  add(jid: string, password: string): Promise<boolean>;
  /**
   * Ends the account's sessions and its login tokens (XEP-0484), unless they are to be kept. Returns false when there
   * is no such account.
   */
  setPassword(jid: string, password: string, options?: SetPasswordOptions): Promise<boolean>;
  /**
   * Removes the account with all its data, ends its subscriptions and its streams. Returns false when there is no such
   * account.
   */
  remove(jid: string): Promise<boolean>;
  /**
   * Sets the forwarding address of an account for the time when it is away: an account here, or an address behind a
   * destination, such as a gateway; undefined: none. Returns false when there is no such account. Throws ForwardingError, JidError.
   */
  setForward(jid: string, to: string | undefined): Promise<boolean>;
  /** The forwarding address. Undefined also when there is no such account. Throws JidError. */
  forward(jid: string): Promise<string | undefined>;
  /** The storage that an account uses. Undefined when there is no such account. Throws JidError. */
  usage(jid: string): Promise<AccountUse | undefined>;
  /** Bare JIDs in order, from after `after`. */
  list(after?: string, limit?: number): Promise<readonly string[]>;
}

export interface SetPasswordOptions {
  /** Sessions and login tokens stay. */
  readonly keepSessions?: boolean;
}

/** In bytes, except the number of waiting messages. */
export interface AccountUse {
  readonly archive: number;
  /** Documents (vCard, private XML), nodes and items of PEP. */
  readonly kept: number;
  readonly waiting: number;
  readonly waitingMessages: number;
}

export interface AccountsStart {
  readonly database: () => AsyncStore;
  readonly context: () => ServerContext;
  readonly now: () => number;
}

export function createAccounts({ database, context, now }: AccountsStart): Accounts {
  const derive = (password: string) =>
    context().serverMemory.get(PASSWORDS).derive(password, context().settings.scramRounds);
  return {
    async add(jid, password) {
      const account = accountOf(jid);
      if (!context().settings.domains.includes(account.domain)) {
        throw new Error(`Cannot add account "${jid}": ${account.domain} is not served`);
      }
      return await database().createAccount(account.text, await derive(password), now());
    },
    async setPassword(jid, password, { keepSessions = false } = {}) {
      const account = accountOf(jid);
      const keys = await derive(password);
      if (keepSessions) {
        const kept = await database().credentials(account.text);
        return (
          kept !== undefined && (await database().setCredentials(account.text, withPasswordId(keys, passwordId(kept))))
        );
      }
      const changed = await database().setCredentials(account.text, keys);
      if (changed) context().endSessions(account);
      return changed;
    },
    async remove(jid) {
      return await removeAccount(accountOf(jid), context());
    },
    async setForward(jid, to) {
      const account = accountOf(jid);
      const server = context();
      return await server.setForward(account, to === undefined ? undefined : forwardingAddress(to, account, server));
    },
    async forward(jid) {
      return (await database().user(accountOf(jid).text))?.forwardTo;
    },
    async usage(jid) {
      const account = accountOf(jid).text;
      const [used, shares] = await Promise.all([database().usage(account), database().pendingShares(account, [])]);
      const waiting = shares.reduce((total, { bytes }) => total + bytes, 0);
      const waitingMessages = shares.reduce((total, { messages }) => total + messages, 0);
      return used && { ...used, waiting, waitingMessages };
    },
    list: (after = "", limit = 1000) => database().accounts(after, limit),
  };
}

function accountOf(text: string): Jid {
  const jid = Jid.parse(text);
  if (jid.local === "" || jid.resource !== "") throw new Error(`Cannot use account "${text}": not a bare JID`);
  return jid;
}
