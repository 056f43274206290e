/** What any store must do. A store's test calls this with a way to make one that is empty and not open. */
import { describe } from "bun:test";
import type { Store } from "../store/store.ts";
import { accountContract } from "./store/account_contract.ts";
import { archiveContract } from "./store/archive_contract.ts";
import { arrivalContract } from "./store/arrival_contract.ts";
import { batchContract, durabilityContract, lifeContract, readContract } from "./store/batch_contract.ts";
import { documentContract } from "./store/document_contract.ts";
import type { MakeStore } from "./store/harness.ts";
import { messageLogContract } from "./store/message_log_contract.ts";
import { outcomeContract } from "./store/outcome_contract.ts";
import { pubsubContract } from "./store/pubsub_contract.ts";
import { quotaContract } from "./store/quota_contract.ts";
import { rosterContract } from "./store/roster_contract.ts";
import { streamContract } from "./store/stream_contract.ts";
import { tokenContract } from "./store/token_contract.ts";

export interface StoreContractOptions {
  /** Whether it outlives close(). */
  readonly durable: boolean;
  /** The same with a quota for each account. */
  readonly withQuota: (accountBytes: number) => Promise<Store>;
}

export function storeContract(name: string, make: MakeStore, options: StoreContractOptions): void {
  describe(name, () => {
    describe("accounts", () => accountContract(make));
    describe("rosters", () => rosterContract(make));
    describe("the log of messages", () => messageLogContract(make));
    describe("archives", () => archiveContract(make));
    describe("documents", () => documentContract(make));
    describe("pubsub", () => pubsubContract(make));
    describe("outcomes", () => outcomeContract(make));
    describe("quotas", () => quotaContract(options.withQuota));
    describe("resumable streams", () => streamContract(make));
    describe("arrivals", () => arrivalContract(make));
    describe("tokens", () => tokenContract(make));
    describe("batches", () => batchContract(make));
    describe("reads", () => readContract(make));
    describe("life", () => lifeContract(make));
    if (options.durable) describe("durability", () => durabilityContract(make));
  });
}
