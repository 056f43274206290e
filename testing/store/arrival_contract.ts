import { expect, test } from "bun:test";
import { call, type MakeStore, useStore } from "./harness.ts";

/** Which messages have come from other servers. */
export function arrivalContract(make: MakeStore): void {
  const store = useStore(make);
  const verona = { domain: "verona.example", ids: ["a", 'b"'], at: 5 };

  test("putArrivals() keeps the newest ids of each server", async () => {
    expect(await call(store(), "arrivals")).toEqual([]);
    await call(store(), "putArrivals", verona, 10);
    await call(store(), "putArrivals", { domain: "mantua.example", ids: [], at: 6 }, 10);
    await call(store(), "putArrivals", { ...verona, ids: ["b", "c"], at: 7 }, 10);
    expect(await call(store(), "arrivals")).toEqual([
      { ...verona, ids: ["b", "c"], at: 7 },
      { domain: "mantua.example", ids: [], at: 6 },
    ]);
  });

  test("putArrivals() keeps those of the servers that were heard last", async () => {
    await call(store(), "putArrivals", { domain: "venice.example", ids: ["d"], at: 8 }, 2);
    expect((await call(store(), "arrivals")).map(({ domain }) => domain)).toEqual(["venice.example", "verona.example"]);
  });
}
