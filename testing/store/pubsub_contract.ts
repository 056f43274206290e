import { beforeEach, expect, test } from "bun:test";
import { call, faultOf, type MakeStore, ROMEO, startAnew, useStore } from "./harness.ts";

export function pubsubContract(make: MakeStore): void {
  const store = useStore(make);
  beforeEach(() => startAnew(store()));

  const item = (id: string, text = `<${id}/>`) => ({ id, publisher: `${ROMEO}/orchard`, text, at: 7 });
  const ids = async (limit: number) =>
    (await call(store(), "pubsubItems", ROMEO, "node", limit)).map((entry) => entry.id).join("");

  test("nodes are made, reconfigured with their items kept, and removed with them", async () => {
    await call(store(), "putPubsubNode", ROMEO, "node", "{}");
    await call(store(), "putPubsubItem", ROMEO, "node", item("a"), 5);
    await call(store(), "putPubsubNode", ROMEO, "node", '{"max":1}');
    expect(await call(store(), "pubsubNodes", ROMEO)).toEqual([{ node: "node", config: '{"max":1}' }]);
    expect(await call(store(), "pubsubItem", ROMEO, "node", "a")).toEqual(item("a"));
    expect(await call(store(), "removePubsubNode", ROMEO, "node")).toBe(true);
    expect(await call(store(), "removePubsubNode", ROMEO, "node")).toBe(false);
    expect(await call(store(), "pubsubItem", ROMEO, "node", "a")).toBeUndefined();
  });

  test("an item without its node is a fault", async () => {
    expect(await faultOf(call(store(), "putPubsubItem", ROMEO, "none", item("a"), 5))).toMatchObject({
      kind: "failed",
    });
  });

  test("items are newest last; one published again is the newest; the oldest give way", async () => {
    await call(store(), "putPubsubNode", ROMEO, "node", "{}");
    for (const id of ["a", "b", "c"]) await call(store(), "putPubsubItem", ROMEO, "node", item(id), 3);
    expect(await ids(10)).toBe("abc");
    await call(store(), "putPubsubItem", ROMEO, "node", item("a", "<new/>"), 3);
    expect(await ids(10)).toBe("bca");
    expect(await call(store(), "pubsubItem", ROMEO, "node", "a")).toEqual(item("a", "<new/>"));
    await call(store(), "putPubsubItem", ROMEO, "node", item("d"), 2);
    expect(await ids(10)).toBe("ad");
    expect(await ids(1)).toBe("d");
    expect(await call(store(), "removePubsubItem", ROMEO, "node", "d")).toBe(true);
    expect(await call(store(), "removePubsubItem", ROMEO, "node", "d")).toBe(false);
    await call(store(), "putPubsubItem", ROMEO, "node", item("e"), 2);
    expect(await ids(10)).toBe("ae");
  });

  test("a publication under one node leaves another alone", async () => {
    await call(store(), "putPubsubNode", ROMEO, "node", "{}");
    await call(store(), "putPubsubNode", ROMEO, "other", "{}");
    await call(store(), "putPubsubItem", ROMEO, "other", item("x"), 1);
    await call(store(), "putPubsubItem", ROMEO, "node", item("y"), 1);
    expect(await ids(10)).toBe("y");
    expect(await call(store(), "pubsubItems", ROMEO, "other", 10)).toEqual([item("x")]);
  });
}
