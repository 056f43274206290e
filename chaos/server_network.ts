/**
 * What lies between two servers: DNS, and a proxy before each. Connections are cut, also in the middle of a stanza, stand still for a
 * while, or find nobody; DNS goes away.
 * @module
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { DnsServer } from "./dns_server.ts";
import { DOMAINS } from "./places.ts";
import type { Random } from "./random.ts";

type Weather = "cut" | "cut-inside" | "pause" | "closed" | "dns-away";

const WEATHERS: Readonly<Record<Weather, number>> = {
  cut: 25,
  "cut-inside": 35,
  pause: 15,
  closed: 15,
  "dns-away": 10,
};

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Bytes that still pass; then both ends are cut. */
  left: number;
}

export class ServerNetwork {
  /** How often each kind of fault has struck. */
  readonly struck: Record<Weather, number> = { cut: 0, "cut-inside": 0, pause: 0, closed: 0, "dns-away": 0 };
  readonly #random: Random;
  readonly #dns = new DnsServer();
  readonly #pairs = new Set<Pair>();
  readonly #proxies: Server[] = [];
  #isClosed = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The address of the DNS server. */
  get dns(): string {
    return `127.0.0.1:${this.#dns.port}`;
  }

  /** Given the port of each server. */
  async open(ports: readonly number[]): Promise<void> {
    await this.#dns.open();
    for (const [at, port] of ports.entries()) {
      const proxy = createServer((near) => this.#join(near, port));
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      this.#proxies.push(proxy);
      const target = `server${at}.example`;
      this.#dns.zone.hosts[target] = "127.0.0.1";
      this.#dns.zone.hosts[DOMAINS[at]!] = "127.0.0.1";
      this.#dns.zone.srv[`_xmpp-server._tcp.${DOMAINS[at]}`] = { target, port: (proxy.address() as AddressInfo).port };
    }
  }

  close(): void {
    this.#cutAll();
    for (const proxy of this.#proxies) proxy.close();
    this.#dns.close();
  }

  /** Faults, one after the other, until `isOver`; then everything works. */
  async storm(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await sleep(this.#random.between(200, 3000));
      if (isOver()) return;
      const weather = this.#random.weighted(WEATHERS);
      this.struck[weather]++;
      await this.#strike(weather);
    }
  }

  async #strike(weather: Weather): Promise<void> {
    switch (weather) {
      case "cut":
        return this.#cutAll();
      case "cut-inside":
        for (const pair of this.#pairs) pair.left = this.#random.between(1, 2000);
        return;
      case "pause":
        for (const { near, far } of this.#pairs) for (const socket of [near, far]) socket.pause();
        await sleep(this.#random.between(200, 4000));
        for (const { near, far } of this.#pairs) for (const socket of [near, far]) socket.resume();
        return;
      case "closed":
        this.#isClosed = true;
        this.#cutAll();
        await sleep(this.#random.between(200, 3000));
        this.#isClosed = false;
        return;
      case "dns-away":
        this.#dns.isAway = true;
        this.#cutAll();
        await sleep(this.#random.between(200, 3000));
        this.#dns.isAway = false;
        return;
      default:
        weather satisfies never;
    }
  }

  #join(near: Socket, port: number): void {
    if (this.#isClosed) return void near.destroy();
    const far = connect(port, "127.0.0.1");
    const pair: Pair = { near, far, left: Number.POSITIVE_INFINITY };
    this.#pairs.add(pair);
    this.#pass(pair, near, far);
    this.#pass(pair, far, near);
  }

  #pass(pair: Pair, from: Socket, to: Socket): void {
    from.on("data", (bytes: Buffer) => {
      to.write(bytes.subarray(0, Math.min(bytes.length, pair.left)));
      pair.left -= bytes.length;
      // What was written goes out first.
      if (pair.left <= 0) setTimeout(() => this.#cut(pair), 5);
    });
    from.on("end", () => to.end());
    from.on("error", () => {});
    from.on("close", () => this.#cut(pair));
  }

  #cut(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.near.destroy();
    pair.far.destroy();
  }

  #cutAll(): void {
    for (const pair of [...this.#pairs]) this.#cut(pair);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
