import { describe, expect, test } from "bun:test";
import { runtimeGlobals } from "../../scripts/check_globals.ts";

describe("runtimeGlobals()", () => {
  test.each([
    ["const server = Bun.serve({});", ["Bun"]],
    ["if (typeof Deno !== 'undefined') run();", ["Deno"]],
    ["globalThis.Bun?.gc();", ["Bun"]],
    ["globalThis?.Deno.exit();", ["Deno"]],
    [`const at = \`\${Bun.version}\`;`, ["Bun"]],
    ["call(Deno, Bun)", ["Deno", "Bun"]],
    ["// Bun.serve() echoes the first subprotocol", []],
    ["/* Deno.serve\n * Bun.serve */ run();", []],
    ['log("Bun.serve failed");', []],
    ["log('https://x'); Bun.gc();", ["Bun"]],
    ["const seen = process.versions.bun;", []],
    ["runtime.Bun.start(); const Bunny = DenoLike;", []],
    ["const table = { Bun: 1 };", []],
  ])("in %p are %p", (source, names) => {
    expect(runtimeGlobals(source).map(({ name }) => name)).toEqual(names);
  });

  test("are told with their line", () => {
    expect(runtimeGlobals("/* one\ntwo */\nBun.gc();\n")).toEqual([{ name: "Bun", line: 3 }]);
  });
});
