/**
 * `user add|passwd|remove|forward|usage|list`. @module
 */
import type { AmpactServer } from "../server/create_server.ts";
import { KEPT_PART } from "../store/store.ts";
import { Jid } from "../xmpp/jid.ts";
import { AccountError } from "./account_error.ts";
import { askPassword } from "./ask_password.ts";
import { carryOut } from "./carry_out.ts";
import type { AccountRequest, UserRequest } from "./command_line.ts";

const PAGE = 1000;

/** The lines to print. Throws AccountError, JidError, ConfigError, StoreFault. */
export async function runUserCommand(request: UserRequest): Promise<readonly string[]> {
  return carryOut(`user ${request.kind}`, (server) => completeRequest(server, request), runAccountRequest);
}

/** Carries out a request on a started server. */
export async function runAccountRequest(server: AmpactServer, request: AccountRequest): Promise<readonly string[]> {
  if (request.kind === "list") return listAccounts(server);
  const { name } = request;
  switch (request.kind) {
    case "add":
      if (await server.accounts.add(name, request.password)) return [`Added ${name}`];
      throw new AccountError(`Cannot add ${name}: the account exists`);
    case "passwd":
      if (await server.accounts.setPassword(name, request.password, request))
        return [`Changed the password of ${name}`];
      throw new AccountError(`Cannot change the password of ${name}: there is no such account`);
    case "remove":
      if (await server.accounts.remove(name)) return [`Removed ${name}`];
      throw new AccountError(`Cannot remove ${name}: there is no such account`);
    case "usage":
      return await usage(server, name);
    case "forward":
      return [await forward(server, request)];
    default:
      return request satisfies never;
  }
}

async function forward({ accounts }: AmpactServer, { name, to }: Extract<AccountRequest, { kind: "forward" }>) {
  if (to === undefined) return `Messages for ${name} are ${told(await accounts.forward(name))}`;
  const address = to === "none" ? undefined : to;
  if (await accounts.setForward(name, address)) return `Messages for ${name} are ${told(address)}`;
  throw new AccountError(`Cannot forward messages for ${name}: there is no such account`);
}

async function usage({ accounts, config }: AmpactServer, name: string): Promise<readonly string[]> {
  const used = await accounts.usage(name);
  if (used === undefined) throw new AccountError(`Cannot tell what ${name} uses: there is no such account`);
  const { accountBytes, offlineBytes, offlineMessages } = config.limits;
  return [
    `archive: ${used.archive} bytes`,
    `PEP, vCard and private XML: ${used.kept} bytes of ${Math.floor(accountBytes * KEPT_PART)}; with the archive of ${accountBytes}`,
    `waiting: ${used.waitingMessages} messages of ${offlineMessages}, ${used.waiting} bytes of ${offlineBytes}`,
  ];
}

function told(address: string | undefined): string {
  return address === undefined ? "not forwarded" : `forwarded to ${address} while nobody is there`;
}

async function completeRequest(server: AmpactServer, request: UserRequest): Promise<AccountRequest> {
  if (request.kind === "list") return request;
  const name = accountName(request.name, server.config.domains);
  if (request.kind === "remove" || request.kind === "usage" || request.kind === "forward") return { ...request, name };
  const password = request.password ?? (await askPassword(name));
  if (password === "") throw new AccountError(`Cannot use an empty password for ${name}`);
  return { ...request, name, password };
}

/** The canonical bare JID. */
function accountName(text: string, domains: readonly string[]): string {
  const jid = Jid.parse(text.includes("@") ? text : `${text}@${domains[0]}`);
  if (jid.local === "" || !jid.isBare) throw new AccountError(`Cannot use "${text}" as an account: not a bare JID`);
  if (!domains.includes(jid.domain)) {
    throw new AccountError(`Cannot use "${text}" as an account: the domains served are ${domains.join(", ")}`);
  }
  return jid.text;
}

async function listAccounts({ accounts }: AmpactServer): Promise<readonly string[]> {
  const all: string[] = [];
  for (let page = await accounts.list("", PAGE); page.length > 0; page = await accounts.list(all.at(-1), PAGE)) {
    all.push(...page);
  }
  return all;
}
