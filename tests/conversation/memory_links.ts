/**
 * Streams between servers of one process, as values in memory: in order for each pair of domains, with proof when the other server
 * says that it has handled a stanza. A test may break them.
 * @module
 */
import { type Inbound, LinkError, type LinkFault, type SendOptions } from "../../destinations/federation/links.ts";
import type { ConnectedLinks } from "../../server/other_servers.ts";
import { Stanza } from "../../xmpp/stanza.ts";

/**
 * `cut-before`, `cut-after`: the stream ends before, or after a stanza has arrived; who sent it cannot know. `slow`: proof comes late.
 */
export type Weather = LinkFault | "cut-before" | "cut-after" | "slow";

const SLOW_MS = 40;

export class MemoryNetwork {
  readonly #servers = new Map<string, MemoryLinks>();
  /** For the next stanza from one domain to another; undefined: nothing happens to it. */
  weather: (from: string, to: string, stanza: Stanza) => Weather | undefined = () => undefined;
  /** What has gone over, as text. */
  readonly seen: { readonly from: string; readonly to: string; readonly text: string }[] = [];

  links(domain: string): MemoryLinks {
    const links = new MemoryLinks(this, domain);
    this.#servers.set(domain, links);
    return links;
  }

  server(domain: string): MemoryLinks | undefined {
    return this.#servers.get(domain);
  }
}

export class MemoryLinks implements ConnectedLinks {
  readonly #network: MemoryNetwork;
  readonly #domain: string;
  /** Stanzas go in the order of the calls. */
  readonly #last = new Map<string, Promise<void>>();
  #inbound: Inbound | undefined;
  #isOpen = false;

  constructor(network: MemoryNetwork, domain: string) {
    this.#network = network;
    this.#domain = domain;
  }

  connect(inbound: Inbound): void {
    this.#inbound = inbound;
  }

  open(): void {
    this.#isOpen = true;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  /** Undefined: it cannot be reached. */
  get inbound(): Inbound | undefined {
    return this.#isOpen ? this.#inbound : undefined;
  }

  async send(stanza: Stanza, { proof }: SendOptions): Promise<void> {
    const to = stanza.to!.domain;
    const before = this.#last.get(to);
    let proved: Promise<void> = Promise.resolve();
    const sent = (async () => {
      await before?.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve));
      proved = this.#carry(stanza, to);
      proved.catch(() => {});
    })();
    this.#last.set(to, sent);
    await sent;
    if (proof) return await proved;
    // What was written may be lost without a word, but for a server that cannot be reached at all.
    await Promise.race([proved, new Promise((resolve) => setTimeout(resolve, 1))]);
  }

  #carry(stanza: Stanza, to: string): Promise<void> {
    if (stanza.from?.domain !== this.#domain) throw new LinkError("denied", `Cannot send for ${stanza.from}`);
    if (!this.#isOpen) return unreachable("this server is closed");
    const weather = this.#network.weather(this.#domain, to, stanza);
    const other = this.#network.server(to);
    if (other === undefined) return fault("not-found");
    if (weather === "cut-before") return fault("unproved");
    if (other.inbound === undefined) return unreachable("it is closed");
    if (weather !== undefined && weather !== "cut-after" && weather !== "slow") return fault(weather);
    const text = stanza.toString();
    this.#network.seen.push({ from: this.#domain, to, text });
    const { inbound } = other;
    return new Promise((resolve, reject) => {
      let handled = 0;
      inbound.received(Stanza.parse(text), () => {
        if (++handled > 1) throw new Error(`handled twice: ${text}`);
        if (weather === "cut-after") return;
        setTimeout(resolve, weather === "slow" ? SLOW_MS : 0);
      });
      if (weather === "cut-after") reject(new LinkError("unproved", "Cannot send: the stream ends"));
    });
  }
}

function fault(kind: LinkFault): Promise<never> {
  return Promise.reject(new LinkError(kind, `Cannot send: ${kind}`));
}

function unreachable(why: string): Promise<never> {
  return Promise.reject(new LinkError("unreachable", `Cannot send: ${why}`));
}
