import { beforeEach, expect, test } from "bun:test";
import { call, JULIET, type MakeStore, ROMEO, startAnew, useStore } from "./harness.ts";

export function documentContract(make: MakeStore): void {
  const store = useStore(make);
  beforeEach(() => startAnew(store()));

  test("documents are kept by owner, kind and key", async () => {
    await call(store(), "putDocument", ROMEO, "private", "a", "<old/>");
    await call(store(), "putDocument", ROMEO, "private", "a", "<a>\u00e9\u{1f339}</a>");
    await call(store(), "putDocument", ROMEO, "private", "b", "<b/>");
    await call(store(), "putDocument", ROMEO, "vcard", "a", "<v/>");
    expect(await call(store(), "document", ROMEO, "private", "a")).toBe("<a>\u00e9\u{1f339}</a>");
    expect(await call(store(), "document", JULIET, "private", "a")).toBeUndefined();
    expect(await call(store(), "documents", ROMEO, "private")).toEqual([
      { key: "a", text: "<a>\u00e9\u{1f339}</a>" },
      { key: "b", text: "<b/>" },
    ]);
    expect(await call(store(), "documentCount", ROMEO, "private")).toBe(2);
    expect(await call(store(), "documentCount", JULIET, "private")).toBe(0);
    expect(await call(store(), "documentCount", "nobody@capulet.lit", "private")).toBe(0);
    expect(await call(store(), "removeDocument", ROMEO, "private", "a")).toBe(true);
    expect(await call(store(), "removeDocument", ROMEO, "private", "a")).toBe(false);
    expect(await call(store(), "documents", ROMEO, "vcard")).toEqual([{ key: "a", text: "<v/>" }]);
  });
}
