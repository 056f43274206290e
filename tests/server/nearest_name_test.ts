import { expect, test } from "bun:test";
import { nearestName } from "../../server/nearest_name.ts";

const KNOWN = ["HTTP_HOST", "HTTP_PORT", "C2S_PORT", "DOMAINS"];

test.each([
  ["HTTP_PROT", "HTTP_PORT"],
  ["HTTPPORT", "HTTP_PORT"],
  ["HTTP_HOSTS", "HTTP_HOST"],
  ["DOMAIN", "DOMAINS"],
  ["TOKEN", undefined],
  ["", undefined],
])("nearestName(%p) gives %p", (name, expected) => {
  expect(nearestName(name, KNOWN)).toBe(expected!);
});
