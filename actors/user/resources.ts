/** The bound resources of an account: how they come and go. RFC 6120 section 7. @module */
import { StreamError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { SessionId } from "../address.ts";
import { eachHook } from "./account_hooks.ts";
import { tellProfile } from "./account_profile.ts";
import type { LiveAccount, LiveResource } from "./live_account.ts";
import { goUnavailable } from "./outgoing_presence.ts";
import type { UserLetter } from "./user_letter.ts";

export type Bind = Extract<UserLetter, { readonly kind: "bind" }>;

/** Binds a resource to a session. When there are too many, it replaces the oldest one that waits for resumption. */
export function bindResource(account: LiveAccount, request: Bind): void {
  const { node } = account;
  const { replyTo, session } = request;
  const jid = jidOf(account, request);
  const older = jid === undefined ? undefined : makeRoom(account, jid, request);
  if (jid === undefined || older === undefined) {
    const condition = jid === undefined ? "bad-request" : "resource-constraint";
    return node.send(replyTo.to, { kind: "unbound", ticket: replyTo.ticket, condition });
  }
  for (const resource of older) replace(account, resource);
  account.live = [...account.live, newResource(jid, request)];
  node.sessionBound(session, jid);
  node.send(replyTo.to, { kind: "bound", ticket: replyTo.ticket, session, jid });
  tellProfile(account);
}

/** The resources that the new one replaces; undefined: there is no room. */
function makeRoom(account: LiveAccount, jid: Jid, request: Bind): readonly LiveResource[] | undefined {
  const { live, node } = account;
  const older = replacedBy(account, jid, request);
  if (older.length > 0 || live.length < node.settings.resourcesPerUser) return older;
  const detached = live.find(({ session }) => node.session(session)?.view?.connected === false);
  return detached && [detached];
}

function jidOf({ owner, log, node }: LiveAccount, { resource }: Bind): Jid | undefined {
  try {
    return owner.withResource(resource ?? node.newId());
  } catch (error) {
    log.info("cannot bind resource", { account: owner.text, error });
    return undefined;
  }
}

function newResource(jid: Jid, { session, marks, client }: Bind): LiveResource {
  return {
    jid,
    session,
    available: false,
    priority: 0,
    presence: undefined,
    marks: new Set([...marks, ...clientMarks(client)]),
    directed: undefined,
    caughtUpTo: 0,
    sent: undefined,
  };
}

/** RFC 6120 section 7.7.2.2: the newer session replaces the older one; XEP-0386 section 3.2: and any of its client. */
function replacedBy({ live }: LiveAccount, jid: Jid, { client }: Bind): LiveResource[] {
  const [mark] = clientMarks(client);
  return live.filter(
    ({ jid: { resource }, marks }) => resource === jid.resource || (mark !== undefined && marks.has(mark)),
  );
}

/** The mark by which the resources of one client are known. */
function clientMarks(client: string | undefined): readonly string[] {
  return client === undefined ? [] : [`client ${client}`];
}

function replace(account: LiveAccount, older: LiveResource): void {
  takeOut(account, older);
  account.node.session(older.session)?.tell({ kind: "end", error: new StreamError("conflict") });
}

/** A session is over; another may have its name already. */
export function endResource(account: LiveAccount, name: string, session: SessionId): void {
  const resource = account.resource(name);
  if (resource?.session !== session) return;
  takeOut(account, resource);
  eachHook(account, (hooks) => hooks.resourceEnded?.(resource, account));
  tellProfile(account);
}

function takeOut(account: LiveAccount, resource: LiveResource): void {
  goUnavailable(account, resource, undefined);
  account.live = account.live.filter((other) => other !== resource);
}
