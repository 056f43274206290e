import { expect, test } from "bun:test";
import { compareManifests } from "../../scripts/check_manifests.ts";

const NPM = {
  version: "1.0.0",
  license: "MIT",
  exports: { ".": "./mod.ts" },
  scripts: { test: "bun scripts/test.ts" },
};
const DENO = { version: "1.0.0", license: "MIT", exports: { ".": "./mod.ts" }, tasks: { test: "bun test" } };

test.each([
  [{}, []],
  [{ version: "1.0.1" }, ["package.json and deno.json differ in version"]],
  [{ exports: {} }, ["package.json and deno.json differ in exports"]],
  [{ tasks: {} }, ["scripts of package.json (test) and tasks of deno.json () differ"]],
])("compareManifests() with %p in deno.json tells %p", (change, problems) => {
  expect(compareManifests(NPM, { ...DENO, ...change })).toEqual(problems);
});
