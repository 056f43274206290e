/** AMP for `@xmpp/client` (xmpp.js). @module */
import type { AmpAdapter } from "./amp.ts";
import { AMP, OUTCOMES } from "./amp_namespaces.ts";
import { readReply } from "./amp_reply.ts";
import type { ReplyElement } from "./reply_element.ts";
import type { TimelineAdapter } from "./timelines.ts";

/** What is used of an element made by `xml()`. */
export interface XmppElement {
  readonly name: string;
  readonly attrs: Readonly<Record<string, string | undefined>>;
  readonly children: unknown[];
  getName(): string;
  getNS(): string | undefined;
  /** Appends a child and returns it. */
  c(name: string, attrs?: object): XmppElement;
}

/** What is used of the client. */
export interface XmppClient {
  send(element: never): Promise<unknown>;
  on(event: "stanza", listener: (element: XmppElement) => void): unknown;
  removeListener(event: "stanza", listener: (element: XmppElement) => void): unknown;
}

/**
 * Messages are elements made by `xml()`.
 *
 * @example
 * ```ts
 * import { client, xml } from "@xmpp/client";
 * import { createAmp, deliver, forXmppClient } from "ampact/client";
 *
 * const xmpp = client({ service: "ws://localhost:5280/xmpp-websocket", domain: "localhost", username, password });
 * await xmpp.start();
 * const amp = createAmp(forXmppClient(xmpp));
 * const message = xml("message", { to: "romeo@localhost", type: "chat" }, xml("body", {}, "Good morrow"));
 * const outcome = await amp.send(message, [deliver("stored", "notify")]);
 * ```
 */
export function forXmppClient(xmpp: XmppClient): AmpAdapter<XmppElement> {
  return {
    address: ({ attrs }) => ({ id: attrs.id, to: attrs.to }),
    send(message, id, rules) {
      const copy = copyOf(message, { ...message.attrs, id });
      const amp = copy.c("amp", { xmlns: AMP });
      for (const rule of rules) amp.c("rule", { ...rule });
      return xmpp.send(copy as never);
    },
    listen(receive) {
      const listener = (element: XmppElement): void => {
        const reply = element.getName() === "message" ? readReply(replyElement(element)) : undefined;
        if (reply !== undefined) receive(reply);
      };
      xmpp.on("stanza", listener);
      return () => xmpp.removeListener("stanza", listener);
    },
  };
}

/** What is used of the client for timelines. */
export interface XmppAsker {
  readonly iqCaller: { get(element: never): Promise<unknown> };
}

/**
 * Timelines by `@xmpp/client`; `xml` is the library's.
 *
 * @example
 * ```ts
 * const timelines = createTimelines(timelinesOfXmppClient(xmpp, xml));
 * for await (const step of timelines.follow({ stanza: message.attrs.id, to: message.attrs.to })) console.log(step.kind);
 * ```
 */
export function timelinesOfXmppClient(
  { iqCaller }: XmppAsker,
  xml: (name: string, attributes: Record<string, string>) => unknown,
): TimelineAdapter {
  return {
    async ask(attributes) {
      try {
        const answer = await iqCaller.get(xml("timeline", { xmlns: OUTCOMES, ...attributes }) as never);
        return replyElement(answer as XmppElement);
      } catch (error) {
        if ((error as { readonly condition?: string } | undefined)?.condition === "item-not-found") return undefined;
        throw error;
      }
    },
  };
}

/** The children are shared, so that the original keeps them. */
function copyOf(element: XmppElement, attrs: object): XmppElement {
  const Element = element.constructor as new (name: string, attrs: object) => XmppElement;
  const copy = new Element(element.name, attrs);
  copy.children.push(...element.children);
  return copy;
}

function replyElement(element: XmppElement): ReplyElement {
  return {
    name: element.getName(),
    ns: element.getNS() ?? "",
    attributes: element.attrs,
    children: element.children.filter(isElement).map(replyElement),
    text: element.children.filter((child) => typeof child === "string").join(""),
  };
}

function isElement(child: unknown): child is XmppElement {
  return typeof child === "object" && child !== null;
}
