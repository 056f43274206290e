import { expect, test } from "bun:test";
import type { ApiToken } from "../../store/store.ts";
import { call, type MakeStore, useStore } from "./harness.ts";

/** Tokens of the HTTP API. */
export function tokenContract(make: MakeStore): void {
  const store = useStore(make);
  const shop: ApiToken = { name: "shop", hash: "h1", scopes: ["send", "read"], at: 5 };
  const board: ApiToken = { name: "board", hash: "h2", scopes: ["read"], at: 6 };

  test("putToken() keeps a token under its name, and no second one", async () => {
    expect(await call(store(), "tokens")).toEqual([]);
    expect(await call(store(), "putToken", shop)).toBe(true);
    expect(await call(store(), "putToken", board)).toBe(true);
    expect(await call(store(), "putToken", { ...shop, hash: "h3", scopes: ["read"] })).toBe(false);
    expect(await call(store(), "tokens")).toEqual([board, shop]);
  });

  test("removeToken() says whether there was one", async () => {
    expect(await call(store(), "removeToken", "shop")).toBe(true);
    expect(await call(store(), "removeToken", "shop")).toBe(false);
    expect(await call(store(), "tokens")).toEqual([board]);
  });
}
