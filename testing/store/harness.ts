import { afterAll, beforeAll, expect } from "bun:test";
import {
  isRead,
  type NewMessage,
  type Store,
  type StoreCall,
  StoreFault,
  type StoreMethod,
  type StoreOperations,
  type UserRecord,
} from "../../store/store.ts";

export const ROMEO = "romeo@montague.example";
export const JULIET = "juliet@capulet.example";
export const NURSE = "nurse@capulet.example";

/** Makes a store that is empty and not open. */
export type MakeStore = () => Promise<Store>;

/** One open store for a group of tests, with the three accounts. */
export function useStore(make: MakeStore): () => Store {
  let store: Store | undefined;
  beforeAll(async () => {
    store = await make();
    await store.open();
    await addAccounts(store, ROMEO, JULIET, NURSE);
  });
  afterAll(() => store?.close());
  return () => store!;
}

export async function addAccounts(store: Store, ...accounts: string[]): Promise<void> {
  await store.run(accounts.map((account) => ["createAccount", account, {}, 1]));
}

/** Removes the accounts with all that was kept for them, and makes them anew. */
export async function startAnew(store: Store): Promise<void> {
  await store.run([ROMEO, JULIET, NURSE].map((account) => ["removeAccount", account]));
  await addAccounts(store, ROMEO, JULIET, NURSE);
}

/** Runs one call in a batch of its own and gives its value, or throws its fault. */
export async function call<M extends StoreMethod>(
  store: Store,
  method: M,
  ...parameters: Parameters<StoreOperations[M]>
): Promise<ReturnType<StoreOperations[M]>> {
  const call = [method, ...parameters] as unknown as StoreCall;
  const [reply] = await (isRead(call) ? store.read([call]) : store.run([call]));
  if (reply === undefined || "fault" in reply) throw reply?.fault ?? new Error("No reply");
  return reply.value as ReturnType<StoreOperations[M]>;
}

/**
 * The fault that a promise rejects with. Not `expect().rejects`: in Bun that holds the thread, and answers of a worker
 * do not come in.
 */
export async function faultOf(promise: Promise<unknown>): Promise<StoreFault> {
  const outcome = await promise.then(
    () => new Error("Not rejected"),
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(StoreFault);
  return outcome as StoreFault;
}

/** A message from Romeo to Juliet in both archives; it may wait for Juliet. */
export function archived(
  seq: number,
  { text = `<m n="${seq}"/>`, waiting }: Partial<Pick<NewMessage, "text" | "waiting">> = {},
): readonly NewMessage[] {
  return [
    { owner: ROMEO, seq, text, peer: JULIET },
    { owner: JULIET, seq, text, peer: ROMEO, waiting },
  ];
}

/** Of a contact whose subscription is asked for. */
export function rosterItem(jid: string) {
  return { jid, name: "", subscription: "none", ask: true, approved: false, groups: [] } as const;
}

/** A message that waits for its owner and that no archive holds. */
export function waiting(seq: number, owner: string, deadline?: number): NewMessage {
  return { owner, seq, text: `<m n="${seq}"/>`, waiting: { deadline } };
}

export async function archiveSeqs(store: Store, owner: string): Promise<number[]> {
  const page = await call(store, "archive", { owner, take: "first", limit: 10_000 });
  return page.messages.map((message) => message.seq);
}

export async function pendingSeqs(store: Store, owner: string): Promise<number[]> {
  return (await call(store, "pending", owner, 0, 10_000)).map((message) => message.seq);
}

/** Of an account that has just been made. */
export function newUserRecord(account: string): UserRecord {
  return {
    account,
    roster: [],
    rosterVersion: 0,
    requests: [],
    blocked: [],
    forwardTo: undefined,
    archivePreferences: undefined,
    lastActivity: undefined,
    hasPending: false,
  };
}
