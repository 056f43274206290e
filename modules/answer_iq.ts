/** IQ semantics, once for all handlers. RFC 6120 section 8.2.3. @module */
import { StoreFault } from "../store/store.ts";
import { StanzaError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { Element } from "../xmpp/xml/element.ts";
import type { Markup } from "../xmpp/xml/xml.ts";
import type { IqHandler, IqRequest, ServerContext } from "./module.ts";

export type IqHandlerMap<Context> = ReadonlyMap<string, IqHandler<Context>>;

/** The sender and the recipient of a request, as its stream defines `from` and `to`. */
export interface IqParties {
  readonly from: Jid;
  readonly to: Jid;
}

/**
 * Answers one IQ request. The answer is a promise only where the handler's is.
 * Must not be called with a `result` or an `error`: those are never answered (RFC 6120 section 8.2.3 rule 4).
 */
export function answerIq<Context extends ServerContext>(
  stanza: Stanza,
  parties: IqParties,
  handlers: IqHandlerMap<Context>,
  context: Context,
): Stanza | Promise<Stanza> {
  if (!isWellFormedRequest(stanza)) return stanza.error(new StanzaError("bad-request"));
  const { type } = stanza;
  const child = stanza.children[0]!;
  const handler = handlers.get(`${type} ${child.ns} ${child.name}`);
  if (handler === undefined) return stanza.error(new StanzaError("service-unavailable"));
  try {
    const answer = handler(new ReceivedRequest(stanza, type, parties), context);
    if (answer instanceof Promise) return settle(answer, stanza, context);
    return result(stanza, answer);
  } catch (error) {
    return failure(error, stanza, context);
  }
}

/** The payload is parsed when a handler asks for it; ping never does. */
class ReceivedRequest implements IqRequest {
  readonly stanza: Stanza;
  readonly type: "get" | "set";
  readonly from: Jid;
  readonly to: Jid;

  constructor(stanza: Stanza, type: "get" | "set", { from, to }: IqParties) {
    this.stanza = stanza;
    this.type = type;
    this.from = from;
    this.to = to;
  }

  get payload(): Element {
    return this.stanza.firstPayload()!;
  }
}

function isWellFormedRequest(stanza: Stanza): stanza is Stanza & { readonly type: "get" | "set" } {
  if (stanza.type !== "get" && stanza.type !== "set") return false;
  return stanza.id !== undefined && stanza.id !== "" && stanza.children.length === 1;
}

async function settle(
  answer: Promise<Markup | Element | undefined>,
  stanza: Stanza,
  context: ServerContext,
): Promise<Stanza> {
  try {
    return result(stanza, await answer);
  } catch (error) {
    return failure(error, stanza, context);
  }
}

function result(stanza: Stanza, answer: Markup | Element | undefined): Stanza {
  return answer === undefined ? stanza.result() : stanza.result(answer);
}

function isQuotaFault(error: unknown): boolean {
  return error instanceof StoreFault && error.kind === "quota";
}

function failure(error: unknown, stanza: Stanza, context: ServerContext): Stanza {
  if (error instanceof StanzaError) return stanza.error(error);
  // RFC 6120 section 8.3.3.17: the account has used up its quota.
  if (isQuotaFault(error)) return stanza.error(new StanzaError("resource-constraint"));
  const payload = stanza.children[0];
  context.log.error("iq handler failed", {
    id: stanza.id,
    from: stanza.from?.text,
    payload: payload && `${payload.ns} ${payload.name}`,
    error,
  });
  return stanza.error(new StanzaError("internal-server-error"));
}
