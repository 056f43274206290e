import { Jid, JidError } from "../../xmpp/jid.ts";
import type { ServerContext } from "../module.ts";

/** An address that messages cannot be forwarded to. */
export class ForwardingError extends Error {
  override readonly name = "ForwardingError";
}

/**
 * Reads where an account's messages are to be forwarded: the bare JID of an account here, or an address behind a destination.
 * Throws ForwardingError.
 */
export function forwardingAddress(text: string, owner: Jid, server: Pick<ServerContext, "serves">): Jid {
  const to = parse(text);
  if (to.local === "" || to.resource !== "") throw refusal(text, "not an address of the form user@domain");
  if (to.equals(owner)) throw refusal(text, "it is the account itself");
  if (!server.serves(to.domain)) throw refusal(text, `${to.domain} is neither served here nor by a destination`);
  return to;
}

function parse(text: string): Jid {
  try {
    return Jid.parse(text);
  } catch (error) {
    if (error instanceof JidError) throw refusal(text, error.message);
    throw error;
  }
}

function refusal(text: string, state: string): ForwardingError {
  return new ForwardingError(`Cannot forward to "${text}": ${state}`);
}
