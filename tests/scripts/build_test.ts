import { expect, test } from "bun:test";
import { rewriteDeclaration, rewriteUrls } from "../../scripts/build.ts";

test.each([
  ['import { a } from "./a.ts";', 'import { a } from "./a.js";'],
  ['export type * from "../b/c.ts";', 'export type * from "../b/c.js";'],
  ['type A = import("./a.ts").A;', 'type A = import("./a.js").A;'],
  ['import { a } from "pkg/a.ts";', 'import { a } from "pkg/a.ts";'],
  ['declare const file = "./a.ts";', 'declare const file = "./a.ts";'],
])("rewriteDeclaration() of %s", (text, expected) => {
  expect(rewriteDeclaration(text)).toBe(expected);
});

test.each([
  ['new Worker(new URL("./w.ts", import.meta.url))', 'new Worker(new URL("./w.js", import.meta.url))'],
  ['new URL("./w.ts", base)', 'new URL("./w.ts", base)'],
])("rewriteUrls() of %s", (text, expected) => {
  expect(rewriteUrls(text)).toBe(expected);
});
