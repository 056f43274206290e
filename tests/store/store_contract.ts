/** What any store must do. A store's test calls this with a way to make one that is empty and not open. */
import { describe } from "bun:test";
import type { Store } from "../../store/store.ts";
import { accountContract } from "./contract/account_contract.ts";
import { archiveContract } from "./contract/archive_contract.ts";
import { batchContract, durabilityContract, lifeContract } from "./contract/batch_contract.ts";
import { documentContract } from "./contract/document_contract.ts";
import type { MakeStore } from "./contract/harness.ts";
import { messageContract } from "./contract/message_contract.ts";
import { quotaContract } from "./contract/quota_contract.ts";
import { streamContract } from "./contract/stream_contract.ts";

export interface StoreContractOptions {
  /** Whether it outlives close(). */
  readonly durable: boolean;
  /** The same with a quota for each account. */
  readonly withQuota: (accountBytes: number) => Promise<Store>;
}

export function storeContract(name: string, make: MakeStore, options: StoreContractOptions): void {
  describe(name, () => {
    describe("accounts and rosters", () => accountContract(make));
    describe("messages", () => messageContract(make));
    describe("archives", () => archiveContract(make));
    describe("documents and pubsub", () => documentContract(make));
    describe("quotas", () => quotaContract(options.withQuota));
    describe("resumable streams", () => streamContract(make));
    describe("batches", () => batchContract(make));
    describe("life", () => lifeContract(make));
    if (options.durable) describe("durability", () => durabilityContract(make));
  });
}
