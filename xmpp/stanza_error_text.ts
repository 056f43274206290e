/** Default texts of stanza errors, for people. @module */
import type { StanzaErrorCondition } from "./stanza_condition.ts";

/** One text for each condition: a text must reveal nothing beyond its condition (who is online, who exists). */
export const STANZA_ERROR_TEXTS: Readonly<Record<StanzaErrorCondition, string>> = {
  "bad-request": "The request is malformed.",
  conflict: "Something with this name exists already.",
  "feature-not-implemented": "This server does not implement the feature.",
  forbidden: "You are not allowed to do this.",
  gone: "The address does not exist any more.",
  "internal-server-error": "The server failed to handle the request.",
  "item-not-found": "There is no such item.",
  "jid-malformed": "The address is malformed.",
  "not-acceptable": "The request cannot be accepted as it is.",
  "not-allowed": "Nobody is allowed to do this here.",
  "not-authorized": "You have to log in first.",
  "policy-violation": "The request violates a limit or a policy of this server.",
  "recipient-unavailable": "The recipient is not available.",
  redirect: "Ask at another address.",
  "registration-required": "You have to be registered or a member.",
  "remote-server-not-found": "The server of this address cannot be found.",
  "remote-server-timeout": "The server of this address does not answer.",
  "resource-constraint": "The server cannot take more at the moment.",
  "service-unavailable": "The address does not take this.",
  "subscription-required": "You need a subscription for this.",
  "undefined-condition": "The request failed.",
  "unexpected-request": "The request does not fit the state of things.",
};
