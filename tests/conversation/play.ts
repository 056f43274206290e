/** One performance of a scenario: its cast, how it comes to rest, and what must be true when the curtain falls. @module */
import { BoshLink } from "./bosh_link.ts";
import type { Cast, Clock } from "./cast.ts";
import { Device, type Scene } from "./device.ts";
import type { Link, LinkEvents, Transport } from "./link.ts";
import { TcpLink } from "./tcp_link.ts";
import { PASSWORD, type TestServer } from "./test_server.ts";
import { WebSocketLink } from "./websocket_link.ts";

const RESOURCES = {
  romeo: "orchard",
  juliet: "balcony",
  nurse: "kitchen",
  benvolio: "street",
  tybalt: "ball",
  paris: "church",
};
const NAMES = Object.keys(RESOURCES) as (keyof typeof RESOURCES)[];
/** One for the way there, one for the proof of receipt, one for what is told of it. */
const ROUNDS = 3;
const TRANSCRIPT_LINES = 60;

export class Play implements Scene {
  readonly password = PASSWORD;
  readonly #server: TestServer;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #suffix = Math.random().toString(36).slice(2, 8);
  readonly #devices: Device[] = [];
  readonly #accounts = new Set<string>();
  readonly #transcript: string[] = [];
  readonly #expectedErrors: string[] = [];
  readonly #errorsBefore: number;

  constructor(server: TestServer, transport: Transport, clock: Clock) {
    this.#server = server;
    this.#transport = transport;
    this.#clock = clock;
    this.#errorsBefore = server.log.errors.length;
  }

  get domain(): string {
    return this.#server.domain;
  }

  async perform(plot: (cast: Cast) => Promise<void>): Promise<void> {
    try {
      await this.#server.addAccounts(NAMES.filter((name) => name !== "paris").map((name) => this.#jid(name)));
      await plot(this.#cast());
      await this.settle();
      for (const device of this.#devices) device.hasReceivedNothing();
      this.#checkLog();
    } catch (error) {
      throw this.#withTranscript(error);
    } finally {
      for (const device of this.#devices) device.leaves();
    }
  }

  #jid(name: string): string {
    return `${name}.${this.#suffix}@${this.domain}`;
  }

  #cast(): Cast {
    const people = NAMES.map((name) => [name, this.addDevice(this.#jid(name), RESOURCES[name])]);
    return {
      ...(Object.fromEntries(people) as Record<keyof typeof RESOURCES, Device>),
      server: this.#server,
      clock: this.#clock,
      transport: this.#transport,
      settled: () => this.settle(),
      expectsLogged: (what) => this.#expectedErrors.push(what),
    };
  }

  createLink(events: LinkEvents, client: string): Link {
    const address = this.#server.addressFor(client);
    switch (this.#transport) {
      case "websocket":
        return new WebSocketLink(address, events);
      case "bosh":
        return new BoshLink(address, events);
      case "tcp":
        return new TcpLink(address, events);
      default:
        return this.#transport satisfies never;
    }
  }

  mention(account: string): void {
    this.#accounts.add(account);
  }

  addDevice(account: string, resource: string): Device {
    const device = new Device(this, account, resource);
    this.#devices.push(device);
    return device;
  }

  record(line: string): void {
    this.#transcript.push(line);
  }

  /**
   * Everybody's stanzas go in order through the actors of whom they are for: an answer from each account, and then one
   * from the own session, comes after all that was sent before.
   */
  async settle(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      const live = this.#devices.filter((device) => device.isLive);
      for (const device of live) this.mention(device.bare);
      const targets = [this.domain, ...this.#accounts];
      await Promise.all(live.flatMap((device) => targets.map((target) => device.pings(target))));
      await this.#server.commits();
    }
  }

  #checkLog(): void {
    const errors = this.#server.log.errors.slice(this.#errorsBefore);
    const surprise = errors.find((error) => !this.#expectedErrors.some((what) => error.startsWith(what)));
    if (surprise !== undefined) throw new Error(`The server logs an error: ${surprise}`);
    const missing = this.#expectedErrors.find((what) => !errors.some((error) => error.startsWith(what)));
    if (missing !== undefined) throw new Error(`The server has not logged: ${missing}`);
  }

  #withTranscript(error: unknown): unknown {
    if (!(error instanceof Error)) return error;
    const omitted = Math.max(0, this.#transcript.length - TRANSCRIPT_LINES);
    const lines = this.#transcript.slice(omitted);
    if (omitted > 0) lines.unshift(`(${omitted} lines left out)`);
    error.message += `\n\n${lines.join("\n")}\n`;
    return error;
  }
}
