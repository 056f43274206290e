/** The parser of the command line's arguments. @module */
import { SCOPES, type Scope } from "../store/store.ts";
import { type ExplainArguments, type ExplainRequest, parseExplain } from "./explain_arguments.ts";
import { UsageError } from "./usage_error.ts";

export { UsageError } from "./usage_error.ts";

type RequestWith<Password> =
  | { readonly kind: "add"; readonly name: string; readonly password: Password }
  | PasswordRequest<Password>
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "usage"; readonly name: string }
  | ForwardRequest
  | { readonly kind: "list" };

/** `user`, as it was typed. */
export type UserRequest = RequestWith<string | undefined>;

/** The same, ready to be carried out: with a canonical bare JID and a password. */
export type AccountRequest = RequestWith<string>;

interface PasswordRequest<Password> {
  readonly kind: "passwd";
  readonly name: string;
  readonly password: Password;
  /** The account's sessions and login tokens stay. */
  readonly keepSessions: boolean;
}

/** The forwarding address of an account while it is away. */
interface ForwardRequest {
  readonly kind: "forward";
  readonly name: string;
  /** `none`: no forwarding; left out: shows the setting. */
  readonly to?: string;
}

export type TokenRequest =
  | { readonly kind: "token add"; readonly name: string; readonly scopes: readonly Scope[] }
  | { readonly kind: "token remove"; readonly name: string }
  | { readonly kind: "token list" };

/** Streams to and from other servers. */
export type S2sRequest = { readonly kind: "s2s show" } | { readonly kind: "s2s test"; readonly domain: string };

export interface TraceRequest {
  readonly kind: "trace";
  /** Of the message, or the key under which it was sent. */
  readonly message: string | { readonly key: string };
  readonly json: boolean;
}

/** `backup FILE` and `restore FILE`. */
export interface CopyRequest {
  readonly kind: "backup" | "restore";
  readonly file: string;
  /** Replaces what is there. */
  readonly force: boolean;
}

/** The steps of a backup beside a running server. */
export type HoldRequest =
  | { readonly kind: "backup begin" }
  | { readonly kind: "backup keep" | "backup end"; readonly id: string };

export interface StatusRequest {
  readonly kind: "status";
  readonly json: boolean;
}

export interface PendingRequest {
  readonly kind: "pending";
  /** Left out: for whom messages wait, and how many. */
  readonly name?: string;
  readonly json: boolean;
}

export type SessionsRequest =
  | { readonly kind: "sessions"; readonly account?: string; readonly json: boolean }
  | { readonly kind: "kick"; readonly jid: string };

/** What the running server is asked over the control socket. */
export type ControlRequest =
  | AccountRequest
  | TokenRequest
  | S2sRequest
  | ExplainRequest
  | TraceRequest
  | HoldRequest
  | StatusRequest
  | PendingRequest
  | SessionsRequest;

export type Command =
  | { readonly kind: "serve" | "version" | "check-config" | "print-config" }
  /** Of one command, or of all. */
  | { readonly kind: "help"; readonly command?: string }
  | { readonly kind: "user"; readonly request: UserRequest }
  | { readonly kind: "token"; readonly request: TokenRequest }
  | { readonly kind: "s2s"; readonly request: S2sRequest }
  | { readonly kind: "explain"; readonly request: ExplainArguments }
  | { readonly kind: "trace"; readonly request: TraceRequest }
  | { readonly kind: "copy"; readonly request: CopyRequest }
  | { readonly kind: "status"; readonly request: StatusRequest }
  | { readonly kind: "pending"; readonly request: PendingRequest }
  | { readonly kind: "sessions"; readonly request: SessionsRequest };

/** Throws UsageError. */
export function parseCommand(args: readonly string[]): Command {
  if (args.includes("--help") || args.includes("-h") || args[0] === "help") {
    const command = args.find((argument) => !argument.startsWith("-") && argument !== "help");
    return { kind: "help", ...(command !== undefined && { command }) };
  }
  if (args[0] === "--version") return { kind: "version" };
  const [name, ...rest] = args;
  if (name === undefined) return { kind: "serve" };
  if (name === "user") return { kind: "user", request: parseUser(rest) };
  if (name === "token") return { kind: "token", request: parseToken(rest) };
  if (name === "s2s") return { kind: "s2s", request: parseS2s(rest) };
  if (name === "explain") return { kind: "explain", request: parseExplain(rest) };
  if (name === "trace") return { kind: "trace", request: parseTrace(rest) };
  if (name === "backup" || name === "restore") return { kind: "copy", request: parseCopy(name, rest) };
  if (name === "check-config" || name === "print-config") {
    if (rest.length > 0) throw new UsageError(`Cannot run ${name}: too many arguments`);
    return { kind: name };
  }
  if (name === "status") return { kind: "status", request: parseStatus(rest) };
  if (name === "sessions") return { kind: "sessions", request: parseSessions(rest) };
  if (name === "kick") return { kind: "sessions", request: parseKick(rest) };
  if (name === "pending") return { kind: "pending", request: parsePending(rest) };
  throw new UsageError(`Cannot run "${name}": there is no such command`);
}

function parseTrace(args: readonly string[]): TraceRequest {
  const [first, ...rest] = args.filter((argument) => argument !== JSON_OPTION);
  const isKey = first === "--key";
  const [name, ...more] = isKey ? rest : [first, ...rest];
  if (!name) throw new UsageError(`Cannot run trace: the ${isKey ? "key" : "id of the message"} is missing`);
  if (more.length > 0) throw new UsageError("Cannot run trace: too many arguments");
  return { kind: "trace", message: isKey ? { key: name } : name, json: args.includes(JSON_OPTION) };
}

function parseStatus(args: readonly string[]): StatusRequest {
  if (args.some((argument) => argument !== JSON_OPTION)) throw new UsageError("Cannot run status: too many arguments");
  return { kind: "status", json: args.length > 0 };
}

function parsePending(args: readonly string[]): PendingRequest {
  const [name, ...more] = args.filter((argument) => argument !== JSON_OPTION);
  if (more.length > 0) throw new UsageError("Cannot run pending: too many arguments");
  return { kind: "pending", ...(name !== undefined && { name }), json: args.includes(JSON_OPTION) };
}

function parseSessions(args: readonly string[]): SessionsRequest {
  const [option, account, ...more] = args.filter((argument) => argument !== JSON_OPTION);
  const json = args.includes(JSON_OPTION);
  if (option === undefined) return { kind: "sessions", json };
  if (option !== ACCOUNT_OPTION || account === undefined)
    throw new UsageError(`Cannot run sessions: expected nothing, or ${ACCOUNT_OPTION} NAME`);
  if (more.length > 0) throw new UsageError("Cannot run sessions: too many arguments");
  return { kind: "sessions", account, json };
}

function parseKick([jid, ...more]: readonly string[]): SessionsRequest {
  if (!jid) throw new UsageError("Cannot run kick: the address is missing");
  if (more.length > 0) throw new UsageError("Cannot run kick: too many arguments");
  return { kind: "kick", jid };
}

function parseCopy(kind: CopyRequest["kind"], args: readonly string[]): CopyRequest {
  const [file, ...more] = args.filter((argument) => argument !== FORCE_OPTION);
  if (!file) throw new UsageError(`Cannot run ${kind}: the name of the file is missing`);
  if (more.length > 0) throw new UsageError(`Cannot run ${kind}: too many arguments`);
  return { kind, file, force: args.includes(FORCE_OPTION) };
}

function parseS2s([action, domain, ...more]: readonly string[]): S2sRequest {
  if (action === undefined) return { kind: "s2s show" };
  if (action !== "test") throw new UsageError("Cannot run s2s: expected nothing, or test DOMAIN");
  if (domain === undefined) throw new UsageError("Cannot run s2s test: the domain is missing");
  if (more.length > 0) throw new UsageError("Cannot run s2s test: too many arguments");
  return { kind: "s2s test", domain };
}

function parseUser([action, ...given]: readonly string[]): UserRequest {
  const keepSessions = action === "passwd" && given.includes(KEEP_SESSIONS);
  const rest = keepSessions ? given.filter((argument) => argument !== KEEP_SESSIONS) : given;
  const [name, password, ...more] = rest;
  const limit = USER_ARGUMENTS.get(action ?? "");
  if (limit === undefined)
    throw new UsageError("Cannot run user: expected one of add, passwd, remove, forward, usage, list");
  if (rest.length > limit || more.length > 0) throw new UsageError(`Cannot run user ${action}: too many arguments`);
  if (action === "list") return { kind: "list" };
  if (!name) throw new UsageError(`Cannot run user ${action}: the name is missing`);
  if (action === "forward") return { kind: "forward", name, ...(password !== undefined && { to: password }) };
  if (action === "remove" || action === "usage") return { kind: action, name };
  return action === "add" ? { kind: "add", name, password } : { kind: "passwd", name, password, keepSessions };
}

function parseToken([action, name, ...rest]: readonly string[]): TokenRequest {
  if (action !== "add" && action !== "list" && action !== "remove")
    throw new UsageError("Cannot run token: expected one of add, list, remove");
  const given = action === "add" ? rest.slice(2) : rest;
  if (given.length > 0 || (action === "list" && name !== undefined))
    throw new UsageError(`Cannot run token ${action}: too many arguments`);
  if (action === "list") return { kind: "token list" };
  if (!name) throw new UsageError(`Cannot run token ${action}: the name is missing`);
  return action === "remove" ? { kind: "token remove", name } : { kind: "token add", name, scopes: parseScopes(rest) };
}

function parseScopes([option, list]: readonly string[]): readonly Scope[] {
  const scopes = (list ?? "").split(",");
  if (option === SCOPE_OPTION && scopes.every(isScope)) return scopes;
  throw new UsageError(`Cannot run token add: expected ${SCOPE_OPTION} and one or more of ${SCOPES.join(", ")}`);
}

function isScope(text: string): text is Scope {
  return SCOPES.includes(text as Scope);
}

const ACCOUNT_OPTION = "--account";
const FORCE_OPTION = "--force";
const JSON_OPTION = "--json";
const SCOPE_OPTION = "--scope";
const KEEP_SESSIONS = "--keep-sessions";

/** Most arguments of each action. */
const USER_ARGUMENTS: ReadonlyMap<string, number> = new Map([
  ["add", 2],
  ["passwd", 2],
  ["remove", 1],
  ["forward", 2],
  ["usage", 1],
  ["list", 0],
]);
