import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ACTORS = join(import.meta.dir, "../../actors");

/** Who may ask, and whom (design: asks go one way, so that no circle of waiting can form). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  // The system, which is no actor, asks on behalf of a transport.
  "system.ts": ["user", "record.session"],
};

function sources(folder: string): string[] {
  return readdirSync(join(ACTORS, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? sources(path) : [path];
  });
}

/** What stands before each `.ask(` of a file. */
function asked(path: string): string[] {
  const text = readFileSync(join(ACTORS, path), "utf8");
  return [...text.matchAll(/([\w.#]+)\.ask[<(]/g)].map((match) => match[1]!);
}

test("no actor asks: what a session would do its ref answers at once; only the system asks, for transports", () => {
  const found = Object.fromEntries(
    sources("")
      .filter((path) => !path.startsWith("runtime/"))
      .map((path) => [path, asked(path)] as const)
      .filter(([, targets]) => targets.length > 0),
  );
  expect(found).toEqual(ALLOWED as Record<string, string[]>);
});
