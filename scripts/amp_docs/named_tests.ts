/** Tests that name clauses of XEP-0079, found in their sources. @module */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface NamedTest {
  readonly file: string;
  readonly name: string;
  readonly clauses: readonly string[];
  readonly isSkipped: boolean;
}

const FOLDERS = ["tests/amp", "tests/scenarios", "tests/actors", "tests/clients"];
/** A call whose first argument is the test's name, or whose second is, behind a table of rows. */
const CALL =
  /\b([a-zA-Z]+(?:\.(?:skip|if|skipIf|failing))?)(?:\.each\([\w.]+\)|\([^()\n"'`]*\))?\(\s*(["'`])((?:(?!\2)[^\\\n]|\\.)+)\2/g;
const NUMBERS = /^(?:property, |One verdict: )?(XEP-0079 )?((?:\d+(?:\.\d+)*)(?:, \d+(?:\.\d+)*)*)(?: [\w ]+)?:/;
/** A row of a table whose tests are named "XEP-0079 %s: %s". */
const ROW = /^ *\[\s*"(\d+(?:\.\d+)*(?:, \d+(?:\.\d+)*)*)",\s*"((?:[^"\\]|\\.)+)"/gm;

export async function readNamedTests(): Promise<readonly NamedTest[]> {
  const files = (await Promise.all(FOLDERS.map(listTests))).flat().sort();
  return (await Promise.all(files.map(readFileTests))).flat();
}

async function listTests(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries
    .filter((entry) => entry.endsWith("_test.ts"))
    .map((entry) => join(folder, entry).replaceAll("\\", "/"));
}

async function readFileTests(file: string): Promise<NamedTest[]> {
  return findTests(file, await readFile(file, "utf8"));
}

/** A name without "XEP-0079" counts when the whole file is about XEP-0079. */
export function findTests(file: string, source: string): NamedTest[] {
  const isAbout = /\/amp[_/]/.test(file) || /^\/\*\*[^/]*XEP-0079/.test(source);
  const tests: NamedTest[] = [];
  for (const [, call = "", , name = ""] of source.matchAll(CALL)) {
    const [, xep, numbers] = NUMBERS.exec(name) ?? [];
    if (numbers === undefined || (xep === undefined && !isAbout)) continue;
    tests.push({ file, name: shown(name), clauses: numbers.split(", "), isSkipped: call.endsWith(".skip") });
  }
  if (!source.includes('"XEP-0079 %s: %s"')) return tests;
  const rows = source.matchAll(ROW);
  for (const [, numbers = "", name = ""] of rows) {
    tests.push({ file, name: `XEP-0079 ${numbers}: ${shown(name)}`, clauses: numbers.split(", "), isSkipped: false });
  }
  return tests;
}

function shown(name: string): string {
  return name.replace(/\$\{[^}]*\}|%s/g, "…").replace(/\\(.)/g, "$1");
}
