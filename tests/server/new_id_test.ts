import { expect, test } from "bun:test";
import { newId } from "../../server/new_id.ts";

test("newId() gives other ids each time, which stand unescaped in XML, JSON and URLs", () => {
  const ids = Array.from({ length: 1000 }, newId);
  expect(new Set(ids).size).toBe(1000);
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
});
