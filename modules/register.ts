/**
 * In-Band Registration: a new account before authentication; a new password, or the end of the account, after it.
 * XEP-0077 v2.4 section 3.
 * @module
 */
import type { Credentials } from "../store/store.ts";
import { StanzaError } from "../xmpp/errors.ts";
import { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import { PasswordError } from "../xmpp/scram_keys.ts";
import { WorkLimitError } from "../xmpp/work_limit.ts";
import type { Element } from "../xmpp/xml/element.ts";
import { type Markup, xml } from "../xmpp/xml/xml.ts";
import {
  type AccountContext,
  get,
  type IqRequest,
  type MemoryKey,
  type PreAuthContext,
  type ServerContext,
  type ServerModule,
  type ServerSettings,
  set,
} from "./module.ts";
import { requireOwner } from "./owner_only.ts";
import { PASSWORDS } from "./passwords.ts";
import { mayBeRegistered } from "./register/account_name.ts";
import { removeAccount } from "./register/remove_account.ts";

/** Accounts with a change of password under way: one change at a time, since deriving keys is slow by design. */
const CHANGING: MemoryKey<Set<string>> = { name: "changing passwords", make: () => new Set() };

export const register: ServerModule = {
  name: "register",
  xeps: [{ xep: 77, title: "In-Band Registration", version: "2.4", status: "complete" }],
  features: (settings) => (settings.registration === "closed" ? [] : [NS.REGISTER]),
  streamFeatures: (stage, settings, _description, local) =>
    stage === "auth" && isOpen(settings, local) ? xml`<register xmlns="${NS.REGISTER_FEATURE}"/>` : undefined,
  preAuthIq: {
    [get(NS.REGISTER, "query")]: form,
    [set(NS.REGISTER, "query")]: createAccount,
  },
  serverIq: {
    [get(NS.REGISTER, "query")]: registration,
    [set(NS.REGISTER, "query")]: changeAccount,
  },
  accountIq: {
    [get(NS.REGISTER, "query")]: ownRegistration,
    [set(NS.REGISTER, "query")]: changeOwnAccount,
  },
};

function isOpen({ registration }: ServerSettings, local: boolean): boolean {
  return registration === "open" || (registration === "local" && local);
}

function form(_iq: IqRequest, { settings, local }: PreAuthContext): Markup {
  if (!isOpen(settings, local)) throw new StanzaError("not-allowed");
  return xml`
    <query xmlns="${NS.REGISTER}">
      <instructions>Choose a username and password for use with this service.</instructions>
      <username/>
      <password/>
    </query>`;
}

/** Section 3.1. The form need not have been asked for before. */
async function createAccount(iq: IqRequest, context: PreAuthContext): Promise<undefined> {
  if (!isOpen(context.settings, context.local)) throw new StanzaError("not-allowed");
  const password = field(iq.payload, "password");
  const account = accountNamed(field(iq.payload, "username"), context.domain);
  if (account === undefined || password === undefined) throw new StanzaError("not-acceptable");
  if (!mayBeRegistered(account.local, context.domain)) throw new StanzaError("not-acceptable");
  context.countRegistration();
  // Checked first, since deriving keys is slow by design.
  if ((await context.store.credentials(account.text)) !== undefined) throw new StanzaError("conflict");
  const created = await context.store.createAccount(account.text, await keys(password, context), context.now());
  if (!created) throw new StanzaError("conflict");
  context.log.info("account registered", { account: account.text, address: context.address });
}

function registration(iq: IqRequest): Markup {
  return xml`
    <query xmlns="${NS.REGISTER}"><registered/><username>${iq.from.local}</username><password/></query>`;
}

async function changeAccount(iq: IqRequest, context: ServerContext): Promise<undefined> {
  // A user of another server has no account here to change.
  if (!context.settings.domains.includes(iq.from.domain) || iq.from.domain !== iq.to.domain) {
    throw new StanzaError("registration-required");
  }
  if (iq.payload.child("remove", NS.REGISTER) !== undefined) await unregister(iq, context);
  else await changePassword(iq, context);
}

function ownRegistration(iq: IqRequest, context: AccountContext): Markup {
  requireOwner(iq, context);
  return registration(iq);
}

async function changeOwnAccount(iq: IqRequest, context: AccountContext): Promise<undefined> {
  requireOwner(iq, context);
  await changeAccount(iq, context);
}

/** Section 3.3. An empty password leaves the old one as it is. */
async function changePassword(iq: IqRequest, context: ServerContext): Promise<void> {
  const username = field(iq.payload, "username");
  const password = field(iq.payload, "password");
  if (username === undefined || password === undefined) throw new StanzaError("bad-request");
  const account = accountNamed(username, iq.from.domain);
  if (account === undefined || !account.equals(iq.from.bare)) throw new StanzaError("not-allowed");
  const changing = context.serverMemory.get(CHANGING);
  if (changing.has(account.text)) throw new StanzaError("resource-constraint");
  changing.add(account.text);
  try {
    const changed = await context.store.setCredentials(account.text, await keys(password, context));
    if (!changed) throw new StanzaError("registration-required");
    context.endSessions(account, iq.from);
  } finally {
    changing.delete(account.text);
  }
}

/** Section 3.2. */
async function unregister(iq: IqRequest, context: ServerContext): Promise<void> {
  if (iq.payload.elements.length !== 1) throw new StanzaError("bad-request");
  if (!(await removeAccount(iq.from.bare, context))) throw new StanzaError("registration-required");
}

/** Undefined where it is missing or empty. */
function field(query: Element, name: string): string | undefined {
  return query.child(name, NS.REGISTER)?.text || undefined;
}

/** Undefined where that is no localpart (RFC 7622 section 3.3). */
function accountNamed(username: string | undefined, domain: string): Jid | undefined {
  if (username === undefined) return undefined;
  const jid = Jid.tryParse(`${username}@${domain}`);
  // "a/b" would otherwise become the account of another domain, or of none.
  return jid?.isBare && jid.local !== "" && jid.domain === Jid.parse(domain).domain ? jid : undefined;
}

async function keys(password: string, context: ServerContext): Promise<Credentials> {
  try {
    return await context.serverMemory.get(PASSWORDS).derive(password, context.settings.scramRounds);
  } catch (error) {
    if (error instanceof PasswordError) throw new StanzaError("not-acceptable");
    if (error instanceof WorkLimitError) throw new StanzaError("resource-constraint");
    throw error;
  }
}
