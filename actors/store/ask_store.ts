import { concernsLog, isRead } from "../../store/operations.ts";
import type { AsyncStore, StoreCall, StoreReply } from "../../store/store.ts";
import type { ActorRef } from "../runtime/mailbox.ts";
import type { StoreMessage } from "../store_letter.ts";

/** Every store operation as a question to the StoreActor. `created` is told of every new account, before anybody else. */
export function askStore(store: Pick<ActorRef<StoreMessage>, "tell">, created: (account: string) => void): AsyncStore {
  const ask = (call: StoreCall) =>
    new Promise((resolve, reject) => {
      const answered = (reply: StoreReply) => {
        if ("fault" in reply) return reject(reply.fault);
        if (call[0] === "createAccount" && reply.value === true) created(call[1]);
        resolve(reply.value);
      };
      if (isRead(call)) return store.tell({ kind: "read", call, resolve: answered, reject });
      store.tell({
        kind: "calls",
        calls: [call],
        alone: !concernsLog(call),
        resolve: ([reply]) => answered(reply!),
        reject,
      });
    });
  return new Proxy({} as AsyncStore, {
    get:
      (_, method) =>
      (...parameters: readonly unknown[]) =>
        ask([method, ...parameters] as unknown as StoreCall),
  });
}
