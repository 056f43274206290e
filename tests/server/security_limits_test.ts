/** SECURITY.md names limits and their defaults: those that the server has. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { SETTINGS } from "../../server/config_table.ts";

const text = readFileSync(new URL("../../SECURITY.md", import.meta.url), "utf8");
const rows = [...text.matchAll(/^\| `([a-z_.]+)` \| (\S+) \|/gm)].map(([, key, value]) => [key!, value!] as const);
const settings = new Map(Object.entries(SETTINGS));

test("SECURITY.md has a table of limits", () => {
  expect(rows.length).toBeGreaterThan(20);
});

test.each(rows)("SECURITY.md tells the default of %s", (key, value) => {
  expect(settings.get(key)?.fallbackText).toBe(value);
});

test("SECURITY.md and docs/OPERATING.md name no setting that is not there", () => {
  const operating = readFileSync(new URL("../../docs/OPERATING.md", import.meta.url), "utf8");
  const groups = new Set([...settings.keys()].map((key) => key.split(".")[0]));
  const named = [...`${text}${operating}`.matchAll(/`([a-z]+\d?\w*\.[a-z_]+)(?: = [^`]*)?`/g)].map(([, key]) => key!);
  const unknown = named.filter((key) => groups.has(key.split(".")[0]!) && !settings.has(key));
  expect(unknown).toEqual([]);
});
