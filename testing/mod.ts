/**
 * The contract of a store, as tests for `bun test` with `fast-check`: `ampact/testing`.
 *
 * @example ```ts // my_store_test.ts storeContract("my store", async () => new MyStore(), { durable: false, withQuota:
 * async (accountBytes) => new MyStore({ accountBytes }), }); ```
 * @module
 */
export type { MakeStore } from "./store/harness.ts";
export { type StoreContractOptions, storeContract } from "./store_contract.ts";
