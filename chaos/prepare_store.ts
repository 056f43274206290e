/** The accounts of a run, all subscribed to each other's presence, so that rules may ask for reports. @module */
import { createHash, pbkdf2Sync, randomBytes } from "node:crypto";
import { createInlineStore } from "../store/sqlite_store.ts";
import type { Credentials, StoreCall } from "../store/store.ts";
import { scramHash, scramHmac } from "../xmpp/scram_keys.ts";
import { jidOf, type Place, placeOf } from "./places.ts";

/** The application's: an account that nobody reads, and the token of the HTTP API. */
export interface PreparedApplication {
  readonly account: string;
  readonly token: string;
}

/** Few, since a run logs in thousands of times. */
const ITERATIONS = 50;

export interface PrepareOptions {
  /** Of the server that has this database; the first one unless given. */
  readonly place?: Place;
  readonly application?: PreparedApplication;
}

/** `users`: all, also those of another server. */
export async function prepareStore(
  path: string,
  users: readonly string[],
  password: string,
  { place = 0, application }: PrepareOptions = {},
): Promise<void> {
  const store = createInlineStore(`sqlite:${path}`);
  await store.open();
  const credentials = weakCredentials(password);
  const own = users.filter((user) => placeOf(user) === place);
  const calls: StoreCall[] = own.map((user) => ["createAccount", jidOf(user), credentials, Date.now()]);
  for (const owner of own) {
    for (const contact of users) {
      if (contact !== owner) calls.push(["putRosterItem", jidOf(owner), friend(contact), 1]);
    }
  }
  if (application !== undefined) calls.push(...callsFor(application, credentials));
  await store.run(calls);
  await store.close();
}

function callsFor({ account, token }: PreparedApplication, credentials: Credentials): readonly StoreCall[] {
  const hash = createHash("sha256").update(token).digest("base64url");
  return [
    ["createAccount", jidOf(account), credentials, Date.now()],
    ["putToken", { name: "chaos", hash, scopes: ["send", "read"], at: Date.now() }],
  ];
}

function friend(user: string) {
  return { jid: jidOf(user), name: "", subscription: "both", ask: false, approved: false, groups: [] } as const;
}

function weakCredentials(password: string): Credentials {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const storedKey = scramHash("SHA-256", scramHmac("SHA-256", salted, "Client Key")).toString("base64");
  const serverKey = scramHmac("SHA-256", salted, "Server Key").toString("base64");
  return { "SHA-256": { salt: salt.toString("base64"), iterations: ITERATIONS, storedKey, serverKey } };
}
