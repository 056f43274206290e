/** What is used of `@xmpp/component` 0.13, which comes without types. */
declare module "@xmpp/component" {
  import type { EventEmitter } from "node:events";
  import type { Element } from "@xmpp/client";

  export interface Component extends EventEmitter {
    readonly reconnect: { stop(): void };
    readonly socket: { destroy(): void } | null;
    readonly iqCallee: { get(ns: string, name: string, handle: () => Element): void };
    start(): Promise<unknown>;
    stop(): Promise<unknown>;
    write(text: string): Promise<void>;
  }

  export function component(options: {
    readonly service: string;
    readonly domain: string;
    readonly password: string;
  }): Component;
  export function xml(name: string, attrs?: object | null, ...children: readonly (Element | string)[]): Element;
}
