/** Which messages have come from other servers. @module */
import type { ArrivalOperations } from "../store.ts";
import type { Connection } from "./connection.ts";
import { query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

export const ARRIVALS_STEP: readonly string[] = [
  `create table arrival (domain text primary key, ids text not null, at integer not null) strict, without rowid`,
  `create index arrival_at on arrival (at)`,
];

export function arrivalOperations(connection: Connection, tables: Tables): ArrivalOperations {
  const put = query(connection, (domain: Slot<string>, ids: Slot<string>, at: Slot<number>) =>
    tables.insertInto("arrival").orReplace().values({ domain, ids, at }),
  );
  const surplus = query(connection, (keep: Slot<number>) =>
    tables.selectFrom("arrival").select("domain").where("at", ">=", 0).orderBy("at", "desc").limit(1).offset(keep),
  );
  const remove = query(connection, (domain: Slot<string>) => tables.deleteFrom("arrival").where("domain", "=", domain));
  const all = query(connection, () =>
    tables.selectFrom("arrival").select(["domain", "ids", "at"]).where("at", ">=", 0).orderBy("at", "desc"),
  );
  return {
    putArrivals({ domain, ids, at }, keep) {
      put.run(domain, JSON.stringify(ids), at);
      const over = surplus.first(keep);
      if (over !== undefined) remove.run(over.domain);
    },
    arrivals: () => all.all().map(({ ids, ...row }) => ({ ...row, ids: JSON.parse(ids) as string[] })),
  };
}
