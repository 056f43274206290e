/** Somebody who uses a client that others wrote; what every such client can do, and what it has seen. @module */

export interface Account {
  /** Bare JID. */
  readonly jid: string;
  readonly password: string;
  readonly resource: string;
  readonly webSocketUrl: string;
  readonly boshUrl: string;
}

export interface HeardMessage {
  readonly from: string;
  readonly body: string;
  /** It has waited in storage (XEP-0203). */
  readonly delayed: boolean;
}

export interface SeenPresence {
  readonly from: string;
  /** `available` where the stanza has none. */
  readonly type: string;
}

const WAIT_MS = 6000;
const POLL_MS = 5;

export abstract class Person {
  readonly account: Account;
  protected readonly messages: HeardMessage[] = [];
  protected readonly presences: SeenPresence[] = [];

  constructor(account: Account) {
    this.account = account;
  }

  /** The SASL mechanism that the client chose. */
  abstract readonly mechanism: string | undefined;
  /** Connects, authenticates, binds, asks for the roster and becomes available. */
  abstract login(): Promise<void>;
  abstract logout(): Promise<void>;
  /** After its connection broke: is available again, by the client's own means. */
  abstract recovers(): Promise<void>;
  abstract roster(): Promise<Readonly<Record<string, string>>>;
  abstract subscribe(to: string): void;
  abstract approve(from: string): void;
  abstract say(to: string, body: string): void;

  /** Waits for the message; returns it once it has come exactly once. */
  async hears(body: string): Promise<HeardMessage> {
    return await this.#wait(`hear "${body}"`, () => this.messages.find((message) => message.body === body));
  }

  count(body: string): number {
    return this.messages.filter((message) => message.body === body).length;
  }

  /** Waits for presence of that type from that account, and forgets it. */
  async sees(type: string, jid: string): Promise<void> {
    const index = await this.#wait(`see ${jid} ${type}`, () => {
      const at = this.presences.findIndex((presence) => presence.type === type && presence.from.split("/")[0] === jid);
      return at < 0 ? undefined : at;
    });
    this.presences.splice(index, 1);
  }

  forget(): void {
    this.presences.length = 0;
  }

  async #wait<T>(what: string, find: () => T | undefined): Promise<T> {
    for (let waited = 0; waited < WAIT_MS; waited += POLL_MS) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const seen = this.presences.map(({ from, type }) => `${from} ${type}`).join(", ");
    const heard = this.messages.map(({ body }) => body).join(", ");
    throw new Error(`${this.account.jid} does not ${what}; has heard: ${heard}; has seen: ${seen}`);
  }
}
