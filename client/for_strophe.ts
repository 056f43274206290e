/** AMP for `strophe.js`. @module */
import type { AmpAdapter } from "./amp.ts";
import { AMP, OUTCOMES } from "./amp_namespaces.ts";
import { readReply } from "./amp_reply.ts";
import type { AmpRule } from "./amp_rule.ts";
import type { ReplyElement } from "./reply_element.ts";
import type { TimelineAdapter } from "./timelines.ts";

/** What is used of a DOM element. */
export interface DomElement {
  readonly localName: string | null;
  readonly tagName: string;
  readonly namespaceURI: string | null;
  readonly ownerDocument: { createElement(name: string): unknown } | null;
  readonly attributes: ArrayLike<{ readonly name: string; readonly value: string }>;
  readonly childNodes: ArrayLike<{ readonly nodeType: number; readonly nodeValue: string | null }>;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  appendChild(child: never): unknown;
  cloneNode(deep: boolean): unknown;
}

/** What is used of `Strophe.Connection`. */
export interface StropheConnection {
  send(element: never): void;
  addHandler(handler: (element: never) => boolean, ns: null, name: string, type: null): unknown;
  deleteHandler(handler: never): void;
}

/** An element, or a builder as `$msg()` makes it. */
export type StropheMessage = DomElement | { tree(): DomElement };

const ELEMENT = 1;
const TEXT = 3;

/**
 * Messages are builders or elements. Strophe forgets its handlers when it disconnects: what waits then ends by its time
 * limit.
 *
 * @example
 * ```ts
 * import { $msg, Strophe } from "strophe.js";
 * import { createAmp, deliver, forStrophe } from "ampact/client";
 *
 * const connection = new Strophe.Connection("http://localhost:5280/http-bind");
 * // ... connect
 * const amp = createAmp(forStrophe(connection));
 * const message = $msg({ to: "romeo@localhost", type: "chat" }).c("body").t("Good morrow");
 * const outcome = await amp.send(message, [deliver("stored", "notify")]);
 * ```
 */
export function forStrophe(connection: StropheConnection): AmpAdapter<StropheMessage> {
  return {
    address(message) {
      const element = elementOf(message);
      return { id: element.getAttribute("id") ?? undefined, to: element.getAttribute("to") ?? undefined };
    },
    send(message, id, rules) {
      const copy = elementOf(message).cloneNode(true) as DomElement;
      copy.setAttribute("id", id);
      copy.appendChild(ampElement(copy, rules) as never);
      connection.send(copy as never);
    },
    listen(receive) {
      const handler = connection.addHandler(
        (element: DomElement) => {
          const reply = readReply(replyElement(element));
          if (reply !== undefined) receive(reply);
          // Strophe keeps a handler that returns true.
          return true;
        },
        null,
        "message",
        null,
      );
      return () => connection.deleteHandler(handler as never);
    },
  };
}

/** What is used of `Strophe.Connection` for timelines. */
export interface StropheAsker {
  sendIQ(
    element: never,
    callback: (answer: unknown) => void,
    errback: (answer: unknown) => void,
    timeoutMs: number,
  ): unknown;
}

/** What is used of what `$iq()` makes. */
interface IqBuilder {
  c(name: string, attributes: Record<string, string>): unknown;
}

const ANSWER_MS = 30_000;

/**
 * Timelines by Strophe; `$iq` is the library's.
 *
 * @example
 * ```ts
 * const timelines = createTimelines(timelinesOfStrophe(connection, $iq));
 * const timeline = await timelines.get({ stanza: "m1", to: "romeo@localhost" });
 * ```
 */
export function timelinesOfStrophe(
  connection: StropheAsker,
  $iq: (attributes: Record<string, string>) => IqBuilder,
): TimelineAdapter {
  return {
    ask: (attributes) =>
      new Promise((resolve, reject) => {
        const request = $iq({ type: "get" }).c("timeline", { xmlns: OUTCOMES, ...attributes });
        const answered = (answer: unknown) =>
          resolve(replyElement(answer as DomElement).children.find(({ ns }) => ns === OUTCOMES));
        const failed = (answer: unknown) => {
          // Null: no answer came in time.
          const condition = answer === null ? "remote-server-timeout" : conditionOf(replyElement(answer as DomElement));
          if (condition === "item-not-found") return resolve(undefined);
          reject(new Error(`Cannot ask for timeline: ${condition}`));
        };
        connection.sendIQ(request as never, answered, failed, ANSWER_MS);
      }),
  };
}

function conditionOf({ children }: ReplyElement): string {
  return children.find(({ name }) => name === "error")?.children[0]?.name ?? "undefined-condition";
}

function elementOf(message: StropheMessage): DomElement {
  return "tree" in message ? message.tree() : message;
}

/** Strophe writes the attribute `xmlns` and knows of no other namespaces. */
function ampElement({ ownerDocument }: DomElement, rules: readonly AmpRule[]): DomElement {
  const create = (name: string): DomElement => ownerDocument?.createElement(name) as DomElement;
  const amp = create("amp");
  amp.setAttribute("xmlns", AMP);
  for (const { condition, value, action } of rules) {
    const rule = create("rule");
    rule.setAttribute("condition", condition);
    rule.setAttribute("value", value);
    rule.setAttribute("action", action);
    amp.appendChild(rule as never);
  }
  return amp;
}

function replyElement(element: DomElement): ReplyElement {
  const nodes = Array.from(element.childNodes);
  const elements = nodes.filter(({ nodeType }) => nodeType === ELEMENT) as unknown as DomElement[];
  return {
    name: element.localName ?? element.tagName,
    ns: element.namespaceURI ?? element.getAttribute("xmlns") ?? "",
    attributes: Object.fromEntries(Array.from(element.attributes, ({ name, value }) => [name, value])),
    children: elements.map(replyElement),
    text: nodes.map(({ nodeType, nodeValue }) => (nodeType === TEXT ? nodeValue : "")).join(""),
  };
}
