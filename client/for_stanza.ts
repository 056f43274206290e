/** AMP for `stanza` (StanzaJS). @module */
import type { AmpAdapter } from "./amp.ts";
import { AMP, OUTCOMES } from "./amp_namespaces.ts";
import { type AmpReply, readReply } from "./amp_reply.ts";
import type { AmpRule } from "./amp_rule.ts";
import type { ReplyElement } from "./reply_element.ts";
import type { TimelineAdapter } from "./timelines.ts";

/** What is used of the elements to which stanza's definitions are applied. */
interface JxtElement {
  readonly children: readonly (JxtElement | string)[];
  readonly attributes: Readonly<Record<string, string | undefined>>;
  getName(): string;
  getNamespace(): string;
  appendChild(child: JxtElement): unknown;
  setAttribute(name: string, value: string): void;
}

/** The part of a message in JSON that is used. */
export interface StanzaMessage {
  readonly id?: string;
  readonly to?: string;
}

/** What is used of the agent that `createClient` makes. */
export interface StanzaClient {
  readonly stanzas: { define(definitions: never): void };
  sendMessage(message: never): unknown;
  on(event: "message", listener: (message: unknown) => void): unknown;
  off(event: "message", listener: (message: unknown) => void): unknown;
}

type JxtElementClass = new (name: string, attributes: object) => JxtElement;

/**
 * Messages are in JSON, as for `client.sendMessage`. Teaches the client's registry two fields of a message, so that its
 * rules are written and replies to it are read.
 *
 * @example
 * ```ts
 * import { createClient } from "stanza";
 * import { createAmp, deliver, forStanza } from "ampact/client";
 *
 * const client = createClient({ jid, password, transports: { websocket: "ws://localhost:5280/xmpp-websocket" } });
 * // ... connect
 * const amp = createAmp(forStanza(client));
 * const message = { to: "romeo@localhost", type: "chat", body: "Good morrow" };
 * const outcome = await amp.send(message, [deliver("stored", "notify")]);
 * ```
 */
export function forStanza<Message extends StanzaMessage>(client: StanzaClient): AmpAdapter<Message> {
  client.stanzas.define([MESSAGE_FIELDS] as never);
  return {
    address: ({ id, to }) => ({ id, to }),
    send: (message, id, rules) => client.sendMessage({ ...message, id, ampRules: rules } as never),
    listen(receive) {
      const listener = (message: unknown): void => {
        const { ampReply } = message as { readonly ampReply?: AmpReply };
        if (ampReply !== undefined) receive(ampReply);
      };
      client.on("message", listener);
      return () => client.off("message", listener);
    },
  };
}

/** What is used of the agent for timelines. */
export interface StanzaAsker {
  readonly stanzas: { define(definitions: never): void };
  sendIQ(iq: never): Promise<unknown>;
}

/**
 * Timelines by `stanza`.
 *
 * @example
 * ```ts
 * const timelines = createTimelines(timelinesOfStanza(client));
 * const timeline = await timelines.get({ stanza: "m1", to: "romeo@localhost" });
 * ```
 */
export function timelinesOfStanza(client: StanzaAsker): TimelineAdapter {
  client.stanzas.define([TIMELINE_FIELDS] as never);
  return {
    async ask(attributes) {
      try {
        const request = { type: "get", ampactTimeline: { asked: attributes } };
        const answer = (await client.sendIQ(request as never)) as TimelineAnswer;
        return answer.ampactTimeline?.told;
      } catch (error) {
        const { condition } = (error as { readonly error?: { readonly condition?: string } }).error ?? {};
        if (condition === "item-not-found") return undefined;
        throw condition === undefined ? error : new Error(`Cannot ask for timeline: ${condition}`);
      }
    },
  };
}

interface TimelineAnswer {
  readonly ampactTimeline?: { readonly told?: ReplyElement };
}

const TIMELINE_FIELDS = {
  element: "timeline",
  namespace: OUTCOMES,
  path: "iq.ampactTimeline",
  fields: {
    asked: {
      importer: () => undefined,
      exporter(timeline: JxtElement, attributes: Readonly<Record<string, string>>) {
        for (const [name, value] of Object.entries(attributes)) timeline.setAttribute(name, value);
      },
    },
    told: { importer: replyElement, exporter: () => {} },
  },
};

/** A definition in the form of stanza's JXT. */
const MESSAGE_FIELDS = {
  element: "message",
  namespace: "jabber:client",
  path: "message",
  fields: {
    ampRules: { importer: () => undefined, exporter: writeRules },
    ampReply: { importer: (message: JxtElement) => readReply(replyElement(message)), exporter: () => {} },
  },
};

function writeRules(message: JxtElement, rules: readonly AmpRule[]): void {
  // The class is not exported, and its own JSON form would lose the namespace.
  const Element = message.constructor as JxtElementClass;
  const amp = new Element("amp", { xmlns: AMP });
  for (const rule of rules) amp.appendChild(new Element("rule", { ...rule }));
  message.appendChild(amp);
}

function replyElement(element: JxtElement): ReplyElement {
  return {
    name: element.getName(),
    ns: element.getNamespace(),
    attributes: element.attributes,
    children: element.children.filter((child) => typeof child !== "string").map(replyElement),
    text: element.children.filter((child) => typeof child === "string").join(""),
  };
}
