/** Single values of the database, by name. @module */
import type { Connection } from "./connection.ts";
import { type Query, query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

export class Meta {
  readonly #get: Query<[key: string], { readonly value: string }>;
  readonly #put: Query<[key: string, value: string], unknown>;

  constructor(connection: Connection, tables: Tables) {
    this.#get = query(connection, (key: Slot<string>) =>
      tables.selectFrom("meta").select("value").where("key", "=", key),
    );
    this.#put = query(connection, (key: Slot<string>, value: Slot<string>) =>
      tables.insertInto("meta").orReplace().values({ key, value }),
    );
  }

  get(key: string): string | undefined {
    return this.#get.first(key)?.value;
  }

  put(key: string, value: string): void {
    this.#put.run(key, value);
  }
}
