/** Turns an authenticated stream into a session: RFC 6120 section 7, XEP-0198 section 5. @module */
import type { Connection } from "../actors/connection.ts";
import type { SessionHandle } from "../actors/session_service.ts";
import { StanzaError, StreamError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import { Stanza } from "../xmpp/stanza.ts";
import { scanTrusted } from "../xmpp/stanza_content.ts";
import { attribute, contentOf, type ScannedElement } from "../xmpp/xml/scanned_element.ts";
import { attr, Markup, raw, xml } from "../xmpp/xml/xml.ts";
import type { StreamServices } from "./stream_services.ts";

/** Characters that need an XML parser. */
const MARKUP = /[<&\r]/;

/** The text for the stream to send, and the session if there is one. */
export interface BindingResult {
  readonly reply?: string;
  readonly session?: SessionHandle;
}

/** `<failed/>`, XEP-0198 section 3. */
export function failed(condition: StanzaError["condition"], h?: number): Markup {
  return xml`<failed xmlns="${NS.SM}"${attr("h", h)}>${raw(`<${condition} xmlns="${NS.STANZAS}"/>`)}</failed>`;
}

/** Takes an element of a stream that is authenticated but has no resource yet. Throws StreamError. */
export function bindOrResume(
  element: ScannedElement,
  account: Jid,
  connection: Connection,
  services: StreamServices,
): Promise<BindingResult> {
  if (element.ns === NS.SM && element.name === "resume") return resume(element, account, connection, services);
  if (element.ns === NS.SM) return Promise.resolve({ reply: failed("unexpected-request").text });
  if (element.ns === NS.CLIENT && element.name === "iq") return bind(element, account, connection, services);
  // RFC 6120 section 7.1: nothing else before a resource is bound.
  throw new StreamError("not-authorized", { text: "Bind a resource first" });
}

async function bind(
  element: ScannedElement,
  account: Jid,
  connection: Connection,
  services: StreamServices,
): Promise<BindingResult> {
  const stanza = readStanza(element);
  if (stanza instanceof StanzaError) return { reply: stanza.stanza!.error(stanza).toString() };
  if (!stanza.has("bind", NS.BIND)) throw new StreamError("not-authorized", { text: "Bind a resource first" });
  try {
    if (stanza.type !== "set" || !stanza.id || stanza.children.length !== 1) throw new StanzaError("bad-request");
    const resource = resourceOf(stanza) || undefined;
    const session = await services.sessions.bind({ account, resource, connection });
    const inner = xml`<bind xmlns="${NS.BIND}"><jid>${session.jid.text}</jid></bind>`;
    return { reply: stanza.result(inner).toString(), session };
  } catch (error) {
    if (!(error instanceof StanzaError)) services.log.error("binding failed", { account: account.text, error });
    const answer = error instanceof StanzaError ? error : new StanzaError("internal-server-error");
    return { reply: stanza.error(answer).toString() };
  }
}

/**
 * The resource that `<bind/>` asks for. Plain text is read without a tree, which costs far more: every login passes
 * here.
 */
function resourceOf(stanza: Stanza): string | undefined {
  const bind = scanTrusted(stanza.payloadText("bind", NS.BIND)!);
  const child = bind.children.find(({ name, ns }) => name === "resource" && ns === NS.BIND);
  if (child === undefined) return undefined;
  const inner = contentOf(scanTrusted(contentOf(bind).slice(child.start, child.end)));
  return MARKUP.test(inner) ? stanza.payload("bind", NS.BIND)?.child("resource", NS.BIND)?.text : inner;
}

/** The stanza, or the error about its addresses. */
export function readStanza(element: ScannedElement): Stanza | (StanzaError & { readonly stanza: Stanza }) {
  try {
    return Stanza.fromScanned(element);
  } catch (error) {
    if (error instanceof StanzaError && error.stanza !== undefined) {
      return error as StanzaError & { readonly stanza: Stanza };
    }
    throw error;
  }
}

async function resume(
  element: ScannedElement,
  account: Jid,
  connection: Connection,
  services: StreamServices,
): Promise<BindingResult> {
  const position = { previd: attribute(element, "previd"), h: attribute(element, "h") };
  const result = await resumeSession(position, account, connection, services);
  return result instanceof Markup ? { reply: result.text } : { session: result };
}

/** What `<resume/>` says. */
export interface ResumePosition {
  readonly previd: string | undefined;
  readonly h: string | undefined;
}

/** The session, which has sent `<resumed/>` and what was missed; or `<failed/>`. */
export async function resumeSession(
  { previd, h }: ResumePosition,
  account: Jid,
  connection: Connection,
  services: StreamServices,
): Promise<SessionHandle | Markup> {
  if (!previd || h === undefined || !/^\d{1,10}$/.test(h)) return failed("bad-request");
  // BOSH resends by itself and does not need XEP-0198.
  if (connection.transport === "bosh") return failed("feature-not-implemented");
  try {
    const result = await services.sessions.resume({ account, previd, h: Number(h), connection });
    return result.kind === "resumed" ? result.session : failed("item-not-found", result.h);
  } catch (error) {
    services.log.error("resumption failed", { account: account.text, error });
    return failed("internal-server-error");
  }
}
