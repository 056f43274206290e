import { StanzaError, type StanzaErrorCondition } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { xml } from "../../xmpp/xml/xml.ts";

/** The application-specific conditions of XEP-0060 section 16.4.3 that are in use here. */
export type PubsubCondition =
  | "closed-node"
  | "invalid-jid"
  | "invalid-payload"
  | "item-required"
  | "max-nodes-exceeded"
  | "nodeid-required"
  | "not-in-roster-group"
  | "not-subscribed"
  | "payload-required"
  | "payload-too-big"
  | "precondition-not-met"
  | "presence-subscription-required";

export function pubsubError(condition: StanzaErrorCondition, application: PubsubCondition): StanzaError {
  return new StanzaError(condition, { application: xml`${new Element(application, NS.PUBSUB_ERRORS)}` });
}

/** @param feature as in the feature's name behind `http://jabber.org/protocol/pubsub#` */
export function unsupported(feature: string): StanzaError {
  return new StanzaError("feature-not-implemented", {
    application: xml`<unsupported xmlns="${NS.PUBSUB_ERRORS}" feature="${feature}"/>`,
  });
}
