/** Fills a store before the server opens it: accounts, rosters, archives, messages that wait. @module */
import { join } from "node:path";
import { SequenceClock } from "../store/sequence.ts";
import { createInlineStore } from "../store/sqlite_store.ts";
import { StanzaIds } from "../store/stanza_id.ts";
import type { NewMessage, Store, StoreCall } from "../store/store.ts";
import { Jid } from "../xmpp/jid.ts";
import { DEFAULT_SCRAM_ROUNDS, deriveCredentials } from "../xmpp/scram_keys.ts";
import { Stanza } from "../xmpp/stanza.ts";
import { xml } from "../xmpp/xml/xml.ts";
import { DOMAIN, PASSWORD } from "./load/session.ts";

const BATCH = 1000;
const BODY = "x".repeat(64);
/** Archived messages come a minute apart. */
const GAP_MS = 60_000;

export const account = (user: string) => `${user}@${DOMAIN}`;

/** `prefix0`, `prefix1` and so on, as many as `count`. */
export function names(prefix: string, count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${from + at}`);
}

export class Seed {
  readonly #store: Store;
  readonly #ids: StanzaIds;
  readonly #seqs: SequenceClock;
  #at: number;

  private constructor(store: Store, idKey: Uint8Array, lastSeq: number) {
    this.#store = store;
    this.#ids = new StanzaIds(idKey);
    this.#at = Date.now() - 3 * 365 * 86_400_000;
    this.#seqs = new SequenceClock(lastSeq, () => this.#at);
  }

  /** Opens the store in `folder`, lets `fill` work on it, and closes it again. */
  static async run<T>(folder: string, fill: (seed: Seed) => Promise<T>): Promise<T> {
    const path = join(folder, "ampact.db");
    const store = createInlineStore(`sqlite:${path}`, { keyFile: `${path}.key` });
    const { idKey, lastSeq } = await store.open();
    try {
      return await fill(new Seed(store, idKey, lastSeq));
    } finally {
      await store.close();
    }
  }

  /** `cheap`: a login costs the server next to nothing for the password, so that the rest can be seen. */
  async accounts(users: readonly string[], password: "cheap" | "real" = "cheap"): Promise<void> {
    const credentials = await deriveCredentials(PASSWORD, password === "cheap" ? 1 : DEFAULT_SCRAM_ROUNDS);
    await this.#inBatches(users, (user): StoreCall[] => [["createAccount", account(user), credentials, this.#at]]);
  }

  /** All users and all contacts see each other's presence. */
  async contacts(users: readonly string[], contacts: readonly string[]): Promise<void> {
    await this.#inBatches(users, (user) =>
      contacts.flatMap((contact) => [friend(user, contact), friend(contact, user)]),
    );
  }

  /** Messages between `owner` and each of the peers in turn, in the archives of both. Returns the id of the middle one. */
  async archive(owner: string, peers: readonly string[], count: number): Promise<string> {
    let middle = 0;
    for (let done = 0; done < count; done += BATCH) {
      const rows = Array.from({ length: Math.min(BATCH, count - done) }, (_, at): readonly NewMessage[] => {
        const peer = peers[(done + at) % peers.length]!;
        const [from, to] = at % 2 === 0 ? [owner, peer] : [peer, owner];
        const [seq, text] = [this.#nextSeq(), messageText(from, to)];
        return [
          { owner: account(owner), seq, text, peer: account(peer) },
          { owner: account(peer), seq, text, peer: account(owner) },
        ];
      });
      if (done <= count / 2) middle = rows[0]![0]!.seq;
      await this.#run([["append", rows.flat()]]);
    }
    return this.#ids.encode(middle);
  }

  /** Messages that wait for each of the users. */
  async pending(users: readonly string[], count: number): Promise<void> {
    for (const user of users) {
      for (let done = 0; done < count; done += BATCH) {
        const messages = Array.from({ length: Math.min(BATCH, count - done) }, (): NewMessage => {
          return { owner: account(user), seq: this.#nextSeq(), text: messageText("sender", user), waiting: {} };
        });
        await this.#run([["append", messages]]);
      }
    }
  }

  #nextSeq(): number {
    this.#at = Math.min(this.#at + GAP_MS, Date.now() - GAP_MS);
    return this.#seqs.next();
  }

  async #inBatches<T>(items: readonly T[], calls: (item: T) => readonly StoreCall[]): Promise<void> {
    let batch: StoreCall[] = [];
    for (const item of items) {
      batch.push(...calls(item));
      if (batch.length < BATCH) continue;
      await this.#run(batch);
      batch = [];
    }
    if (batch.length > 0) await this.#run(batch);
  }

  async #run(batch: readonly StoreCall[]): Promise<void> {
    for (const reply of await this.#store.run(batch)) if ("fault" in reply) throw reply.fault;
  }
}

function friend(owner: string, contact: string): StoreCall {
  const item = {
    jid: account(contact),
    name: "",
    subscription: "both",
    ask: false,
    approved: false,
    groups: [],
  } as const;
  return ["putRosterItem", account(owner), item, 1];
}

function messageText(from: string, to: string): string {
  const addresses = { from: Jid.of(from, DOMAIN, "load"), to: Jid.of(to, DOMAIN), id: "seed", type: "chat" };
  return Stanza.build("message", addresses, xml`<body>${BODY}</body>`).toString();
}
