/** What is used of `@xmpp/client` 0.14, which comes without types. */
declare module "@xmpp/client" {
  import type { EventEmitter } from "node:events";

  export interface Element {
    readonly name: string;
    readonly attrs: Record<string, string | undefined>;
    readonly children: (Element | string)[];
    is(name: string, ns?: string): boolean;
    getName(): string;
    getNS(): string | undefined;
    getChild(name: string, ns?: string): Element | undefined;
    getChildText(name: string, ns?: string): string | null;
    c(name: string, attrs?: object): Element;
    toString(): string;
  }

  export interface Jid {
    toString(): string;
    bare(): Jid;
  }

  export interface Client extends EventEmitter {
    readonly status: string;
    readonly jid: Jid | null;
    readonly iqCaller: { get(element: Element, to?: string): Promise<Element | undefined> };
    readonly reconnect: { stop(): void };
    start(): Promise<Jid>;
    stop(): Promise<unknown>;
    send(element: Element): Promise<void>;
  }

  export interface ClientOptions {
    readonly service: string;
    readonly domain?: string;
    readonly username?: string;
    readonly password?: string;
    readonly resource?: string;
  }

  export function client(options: ClientOptions): Client;
  export function xml(name: string, attrs?: object | null, ...children: readonly (Element | string)[]): Element;
}
