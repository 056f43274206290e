/**
 * Completes a login with `<success/>` and the client's further requests: a token (XEP-0484), a resumed session
 * (XEP-0198 section 9.2) or a new resource (XEP-0386), in the order of XEP-0386 section 3.2.
 * @module
 */
import type { SessionHandle } from "../../actors/session_service.ts";
import { archiveMetadata } from "../../modules/mam/archive_answer.ts";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { StanzaError, StreamError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { Markup, raw, xml } from "../../xmpp/xml/xml.ts";
import { resumeSession } from "../resource_binding.ts";
import { tokenMechanisms } from "../sasl/mechanisms.ts";
import type { StreamCarrier } from "../stream_carrier.ts";
import { bindFeatures, sessionFeatures } from "../stream_features.ts";
import type { StreamServices } from "../stream_services.ts";
import { readBind } from "./bind2_request.ts";
import type { FastToken, FastTokens, TokenOwner } from "./fast_tokens.ts";
import { HeldConnection } from "./held_connection.ts";
import type { Login } from "./sasl2_authentication.ts";

export interface CompletedLogin {
  readonly account: Jid;
  readonly session: SessionHandle | undefined;
  /** The session's connection: release() it with `texts`. */
  readonly connection: HeldConnection;
  readonly texts: readonly string[];
}

interface Opened {
  readonly session: SessionHandle;
  readonly markup: Markup | undefined;
  readonly features: Markup | undefined;
}

export async function completeLogin(
  login: Login,
  carrier: StreamCarrier,
  services: StreamServices,
  tokens: FastTokens,
): Promise<CompletedLogin> {
  const { account } = login;
  const connection = new HeldConnection(carrier);
  // Before the session exists: afterwards nothing may come between the session and `<success/>`.
  const token = await tokenFor(login, carrier, services, tokens);
  const archive = login.request.bind && (await archiveState(account, services));
  checkPassword(login);
  const resumed = await resume(login, connection, services);
  const failed = resumed instanceof Markup ? resumed : undefined;
  const opened = resumed instanceof Markup ? await bind(login, carrier, connection, archive, services) : resumed;
  const results = [failed, opened?.markup, token && tokenMarkup(token)];
  const success = xml`
    <success xmlns="${NS.SASL2}">
      ${login.data !== undefined && xml`<additional-data>${login.data}</additional-data>`}
      <authorization-identifier>${(opened?.session.jid ?? account).text}</authorization-identifier>
      ${results}
    </success>`;
  const features = opened === undefined ? bindFeatures(services, carrier) : opened.features;
  const texts = features === undefined ? [success.text] : [success.text, features.text];
  return { account, session: opened?.session, connection, texts };
}

/** The password may have been changed during an await. */
function checkPassword(login: Login): void {
  if (login.isOutdated()) throw new StreamError("not-authorized");
}

/** The session, `<failed/>`, or empty markup when no resumption was requested. */
async function resume(login: Login, connection: HeldConnection, services: StreamServices): Promise<Opened | Markup> {
  const { account, request } = login;
  if (request.resume === undefined) return raw("");
  const { resume: element } = request;
  const position = { previd: element.attr("previd"), h: element.attr("h") };
  const session = await resumeSession(position, account, connection, services);
  if (session instanceof Markup) return session;
  const resumed = await connection.takeFirst();
  // XEP-0198 section 9.2: no features follow, the stream is the old one.
  return { session, markup: resumed === undefined ? undefined : raw(resumed), features: undefined };
}

/** When no resource can be bound, the client can bind as in RFC 6120 and gets the error then. */
async function bind(
  login: Login,
  carrier: StreamCarrier,
  connection: HeldConnection,
  archive: Markup | undefined,
  services: StreamServices,
): Promise<Opened | undefined> {
  const { account, request } = login;
  if (request.bind === undefined) return undefined;
  checkPassword(login);
  const { managed, ...wanted } = readBind(request.bind, account, request.client, services);
  try {
    const session = await services.sessions.bind({ ...wanted, connection });
    const answer = managed ? await connection.takeFirst() : undefined;
    const content = [archive, answer === undefined ? undefined : raw(answer)];
    const markup = xml`<bound xmlns="${NS.BIND2}">${content}</bound>`;
    return { session, markup, features: sessionFeatures(services, carrier, managed) };
  } catch (error) {
    if (!(error instanceof StanzaError)) services.log.error("binding failed", { account: account.text, error });
    return undefined;
  }
}

/** XEP-0386 section 3.2: the first and last message of the archive at this moment. */
async function archiveState(account: Jid, { serverContext, log }: StreamServices): Promise<Markup | undefined> {
  if (!serverContext.settings.archive) return undefined;
  try {
    const bounds = await serverContext.store.archiveBounds(account.text);
    return archiveMetadata(bounds, (seq) => serverContext.stanzaIds.encode(seq));
  } catch (error) {
    log.error("cannot read archive", { account: account.text, error });
    return undefined;
  }
}

/** A requested token, or one that replaces the token just used. Without a token the login still succeeds. */
async function tokenFor(
  { account, request }: Login,
  { security }: StreamCarrier,
  { log, settings }: StreamServices,
  tokens: FastTokens,
): Promise<FastToken | undefined> {
  const { client, fast, tokenFor: wanted } = request;
  if (client === undefined) return undefined;
  const owner = (mechanism: string): TokenOwner => ({ account, client, mechanism });
  try {
    const isOffered = tokenMechanisms(settings, security).some(({ name }) => name === wanted);
    if (wanted !== undefined && isOffered) return await tokens.issue(owner(wanted));
    if (fast !== undefined && !fast.invalidate) return await tokens.rotate(owner(request.mechanism));
  } catch (error) {
    log.error("cannot issue a token", { account: account.text, error });
  }
  return undefined;
}

/** XEP-0484 section 3.3. */
function tokenMarkup({ token, expiry }: FastToken): Markup {
  return xml`<token xmlns="${NS.FAST}" expiry="${formatDateTime(expiry)}" token="${token}"/>`;
}
