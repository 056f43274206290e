/** The bound resources of an account: how they come and go. RFC 6120 section 7. @module */
import { StanzaError, StreamError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { SessionId } from "../delivery/flight/flight.ts";
import type { SessionRef } from "../protocol.ts";
import { BoundSession } from "../session/bound_session.ts";
import type { BindRequest, SessionHandle } from "../sessions.ts";
import { eachHook } from "./account_hooks.ts";
import { tellProfile } from "./account_profile.ts";
import type { LiveAccount, LiveResource } from "./live_account.ts";
import { goUnavailable } from "./own_presence.ts";

/** Makes the session actor of a resource. */
export type StartSession = (jid: Jid) => SessionRef;

/** The session, or why there is none. Where there are too many, it takes the place of the oldest that waits to be resumed. */
export function bindResource(account: LiveAccount, request: BindRequest, start: StartSession): SessionHandle | Error {
  const jid = jidOf(account, request);
  if (jid === undefined) return new StanzaError("bad-request");
  const older = replacedBy(account, jid, request);
  if (older.length === 0 && account.live.length >= account.node.settings.resourcesPerUser) {
    const detached = account.live.find(({ ref }) => ref.view?.connected === false);
    if (detached === undefined) return new StanzaError("resource-constraint");
    older.push(detached);
  }
  for (const resource of older) replace(account, resource);
  const ref = start(jid);
  for (const element of request.inbound ?? []) ref.tell({ kind: "inbound", element });
  account.live = [...account.live, newResource(jid, ref, request)];
  tellProfile(account);
  return new BoundSession(jid, ref);
}

function jidOf({ owner, log, node }: LiveAccount, { resource }: BindRequest): Jid | undefined {
  try {
    return owner.withResource(resource ?? node.newId());
  } catch (error) {
    log.info("cannot bind resource", { account: owner.text, error });
    return undefined;
  }
}

function newResource(jid: Jid, ref: SessionRef, { marks, client }: BindRequest): LiveResource {
  return {
    jid,
    ref,
    available: false,
    priority: 0,
    presence: undefined,
    marks: new Set([...(marks ?? []), ...clientMarks(client)]),
    directed: undefined,
    caughtUpTo: 0,
    sent: undefined,
  };
}

/** RFC 6120 section 7.7.2.2: the newer session replaces the older one; XEP-0386 section 3.2: and any of its client. */
function replacedBy({ live }: LiveAccount, jid: Jid, { client }: BindRequest): LiveResource[] {
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
  older.ref.tell({ kind: "end", error: new StreamError("conflict") });
}

/** A session is over; another may have its name already. */
export function endResource(account: LiveAccount, name: string, session: SessionId): void {
  const resource = account.resource(name);
  if (resource?.ref.id !== session) return;
  takeOut(account, resource);
  eachHook(account, (hooks) => hooks.resourceEnded?.(resource, account));
  tellProfile(account);
}

function takeOut(account: LiveAccount, resource: LiveResource): void {
  goUnavailable(account, resource, undefined);
  account.live = account.live.filter((other) => other !== resource);
}
