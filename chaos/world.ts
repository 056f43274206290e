/** State that all devices of a run share: the history, the server's address, the clock, the counters. @module */
import { BoshLink } from "./bosh_link.ts";
import { type ChaosTransport, History } from "./history.ts";
import type { Link, LinkTarget } from "./link.ts";
import { placeOf } from "./places.ts";
import type { Random } from "./random.ts";
import { TcpLink } from "./tcp_link.ts";
import { WebSocketLink } from "./websocket_link.ts";

export interface ChaosCounts {
  cuts: number;
  freezes: number;
  logouts: number;
  resumptions: number;
  /** Of the server, with and without warning. */
  kills: number;
  /** Those with warning: SIGTERM. */
  stops: number;
}

export class World {
  readonly history: History;
  readonly users: readonly string[];
  readonly password = "secret";
  readonly counts: ChaosCounts = { cuts: 0, freezes: 0, logouts: 0, resumptions: 0, kills: 0, stops: 0 };
  /** Time for the server to make processed messages durable. */
  readonly settleMs = 2000;
  /** Failed logins and the like, for the analysis of a run. */
  readonly notes: string[] = [];
  /** By the place of who lives there. */
  readonly targets: readonly LinkTarget[];
  isOver = false;
  #messages = 0;
  #sessions = 0;

  constructor(users: readonly string[], targets: readonly LinkTarget[]) {
    this.users = users;
    this.targets = targets;
    this.history = new History(() => this.now());
  }

  now(): number {
    return Date.now();
  }

  note(text: string): void {
    if (this.notes.length < 10_000) this.notes.push(text);
  }

  nextMessage(): string {
    return `m${++this.#messages}`;
  }

  nextSession(): number {
    return ++this.#sessions;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  makeLink(user: string, transport: ChaosTransport, random: Random): Link {
    const target = this.targets[placeOf(user)]!;
    switch (transport) {
      case "websocket":
        return new WebSocketLink(target);
      case "bosh":
        return new BoshLink(target, random.between(1, 2 ** 31));
      case "tcp":
        return new TcpLink(target);
      default:
        return transport satisfies never;
    }
  }
}
