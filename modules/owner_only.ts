import { StanzaError, type StanzaErrorCondition } from "../xmpp/errors.ts";
import type { AccountContext, IqRequest } from "./module.ts";

/**
 * Refuses a requester who is not the account's owner. The condition does not depend on whether the account exists, so
 * the refusal reveals nothing.
 */
export function requireOwner(
  iq: IqRequest,
  context: AccountContext,
  condition: StanzaErrorCondition = "forbidden",
): void {
  if (!isOwner(iq, context)) throw new StanzaError(condition);
}

export function isOwner(iq: IqRequest, context: AccountContext): boolean {
  return context.exists && iq.from.bare.equals(context.owner);
}
