/** How AMP is announced: XEP-0079 2.1.1 (service discovery) and 8 (stream feature). @module */
import { NS } from "../xmpp/ns.ts";
import type { Markup } from "../xmpp/xml/xml.ts";
import { xml } from "../xmpp/xml/xml.ts";
import { ACTIONS, CONDITIONS } from "./rule.ts";

/** The disco#info node that lists actions and conditions. */
export const AMP_NODE: string = NS.AMP;

/** The identity of that node, as in the example of 2.1.1. */
export const AMP_NODE_IDENTITY = { category: "im", type: "server", name: "Advanced Message Processing" } as const;

/**
 * Features of both the domain and the node. The specification puts single actions and conditions at the node; some
 * clients (Smack) ask the domain only.
 */
export const AMP_FEATURES: readonly string[] = [
  NS.AMP,
  ...ACTIONS.map((action) => `${NS.AMP}?action=${action}`),
  ...CONDITIONS.map((condition) => `${NS.AMP}?condition=${condition}`),
];

/** `<amp/>` for `<stream:features/>`, after authentication. */
export const AMP_STREAM_FEATURE: Markup = xml`<amp xmlns="${NS.AMP_FEATURE}"/>`;
