import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Conversation, converse } from "../../../../scripts/server/warm_up/conversation.ts";
import { Deadline } from "../../../../scripts/server/warm_up/deadline.ts";
import { weakCredentials } from "../../../../scripts/server/warm_up/weak_credentials.ts";
import { type AmpactServer, createServer } from "../../../../server/create_server.ts";
import { createInlineStore } from "../../../../store/sqlite_store.ts";
import type { StoreCall } from "../../../../store/store.ts";

const ACCOUNTS = ["a", "b", "c", "d", "late"].map((name) => ({ name, password: "secret" }));

let server: AmpactServer;
/** What the server took for worth a record: logins at info, faults above. */
let records: string[] = [];

beforeEach(async () => {
  records = [];
  const note = (what: string) => {
    records.push(what);
  };
  const log = { debug() {}, info: note, warn: note, error: note };
  const store = createInlineStore("sqlite::memory:");
  server = createServer({ store, log, limits: { profile: "bench" }, amp: { presencePolicy: "open" } });
  await server.start();
  const credentials = weakCredentials("secret");
  await store.run(ACCOUNTS.map(({ name }): StoreCall => ["createAccount", `${name}@localhost`, credentials, 0]));
});

afterEach(() => server.stop());

function conversation(limitMs: number): Conversation {
  const [absent, ...accounts] = ACCOUNTS.toReversed();
  const deadline = new Deadline(limitMs, () => performance.now());
  return { server, accounts, absent: absent!, deadline, rounds: 2, bursts: 4 };
}

test("converse() logs in, chats and logs out, in each round", async () => {
  expect(await converse(conversation(10_000))).toEqual({ logins: 10, messages: 2 * (4 * 2 * 20 + 20) });
  expect(server.sessionCount).toBe(0);
  expect(records).toEqual(new Array(10).fill("authenticated"));
});

test("converse() does nothing more once the time is over", async () => {
  expect(await converse(conversation(0))).toEqual({ logins: 0, messages: 0 });
});
