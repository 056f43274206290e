import { expect, test } from "bun:test";
import { compareManifests } from "../../scripts/check_manifests.ts";

const NPM = {
  version: "1.0.0",
  license: "MIT",
  exports: { ".": { types: "./dist/mod.d.ts", default: "./dist/mod.js" }, "./package.json": "./package.json" },
  scripts: { test: "bun scripts/test.ts", prepack: "bun scripts/build.ts" },
  dependencies: { nanoid: "^5" },
  peerDependencies: { hono: "^4" },
};
const DENO = {
  version: "1.0.0",
  license: "MIT",
  exports: { ".": "./mod.ts" },
  tasks: { test: "bun test" },
  imports: { ampact: "./mod.ts", nanoid: "npm:nanoid@^5", hono: "npm:hono@^4" },
};

test.each([
  [{}, []],
  [{ version: "1.0.1" }, ["package.json and deno.json differ in version"]],
  [{ exports: {} }, ["package.json and deno.json differ in exports"]],
  [{ imports: { nanoid: "npm:nanoid@^5" } }, ["package.json and deno.json differ in dependencies and imports"]],
  [{ tasks: {} }, ["scripts of package.json (test) and tasks of deno.json () differ"]],
])("compareManifests() with %p in deno.json tells %p", (change, problems) => {
  expect(compareManifests(NPM, { ...DENO, ...change })).toEqual(problems);
});
