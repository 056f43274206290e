/**
 * Tokens of the HTTP API, hashed.
 * @module
 */
import type { ApiToken, Scope, TokenOperations } from "../store.ts";
import type { Connection } from "./connection.ts";
import { query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

export const TOKENS_STEP: readonly string[] = [
  `create table token (
    name text primary key,
    hash text not null unique,
    scopes text not null,
    at integer not null
  ) strict, without rowid`,
];

export function tokenOperations(connection: Connection, tables: Tables): TokenOperations {
  const put = query(connection, (name: Slot<string>, hash: Slot<string>, scopes: Slot<string>, at: Slot<number>) =>
    tables
      .insertInto("token")
      .values({ name, hash, scopes, at })
      .onConflict((conflict) => conflict.column("name").doNothing()),
  );
  const all = query(connection, () =>
    tables.selectFrom("token").select(["name", "hash", "scopes", "at"]).where("name", ">", "").orderBy("name"),
  );
  const remove = query(connection, (name: Slot<string>) => tables.deleteFrom("token").where("name", "=", name));
  return {
    putToken: ({ name, hash, scopes, at }: ApiToken) => put.run(name, hash, scopes.join(" "), at) === 1,
    tokens: () => all.all().map(({ scopes, ...token }) => ({ ...token, scopes: scopes.split(" ") as Scope[] })),
    removeToken: (name: string) => remove.run(name) === 1,
  };
}
