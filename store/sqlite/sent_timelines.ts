/** Timelines of what an account has sent, once it is gone: followers still read them, a later owner of the name has none of them. @module */
import type { Connection } from "./connection.ts";
import { type Query, query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";

export class SentTimelines {
  readonly #ids: RowIds;
  readonly #release: Query<[domain: string, domainId: number, sender: number], unknown>;

  constructor(connection: Connection, tables: Tables, ids: RowIds) {
    this.#ids = ids;
    this.#release = query(connection, (domain: Slot<string>, domainId: Slot<number>, sender: Slot<number>) =>
      tables.updateTable("timeline").set({ sender: domain, sender_id: domainId }).where("sender_id", "=", sender),
    );
  }

  /** They belong to the account's domain from now on. */
  release(account: string): void {
    const sender = this.#ids.peer(account);
    if (sender === undefined) return;
    const domain = account.slice(account.indexOf("@") + 1);
    this.#release.run(domain, this.#ids.internPeer(domain), sender);
  }
}
