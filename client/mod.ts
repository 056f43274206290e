/**
 * Advanced Message Processing (XEP-0079) for clients: sends a message with rules, and tells what became of it. Runs in
 * browsers, Node, Bun and Deno, with the XMPP library that is already there: `@xmpp/client`, `strophe.js` or `stanza`.
 *
 * @example
 * ```ts
 * import { createAmp, deliver, forXmppClient } from "ampact/client";
 *
 * const amp = createAmp(forXmppClient(xmpp));
 * const message = xml("message", { to: "romeo@localhost", type: "chat" }, xml("body", {}, "Art thou there?"));
 * const outcome = await amp.send(message, [deliver("direct", "notify"), deliver("stored", "notify")]);
 * if (outcome.kind === "notified") console.log(outcome.rule.value === "direct" ? "read it" : "will find it later");
 * ```
 * @module
 */
export { type Amp, type AmpAdapter, type AmpOptions, type AmpOutcome, createAmp, type SendOptions } from "./amp.ts";
export type { AmpFault, AmpFaultKind, AmpReply, ReportedRule } from "./amp_reply.ts";
export { type AmpAction, type AmpRule, deliver, expireAt, matchResource } from "./amp_rule.ts";
export { forStanza, type StanzaAsker, type StanzaClient, timelinesOfStanza } from "./for_stanza.ts";
export { forStrophe, type StropheAsker, type StropheConnection, timelinesOfStrophe } from "./for_strophe.ts";
export { forXmppClient, timelinesOfXmppClient, type XmppAsker, type XmppClient } from "./for_xmpp_client.ts";
export type { MessageOutcome, MessageStep, MessageTimeline, StepKind } from "./message_timeline.ts";
export {
  type AskedMessage,
  createTimelines,
  type FollowOptions,
  type TimelineAdapter,
  type Timelines,
} from "./timelines.ts";
