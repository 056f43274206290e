import { expect, test } from "bun:test";
import { TestLines } from "../../scripts/test_lines.ts";

const GOOD =
  "bun test v1.4.5\n\ntests/a_test.ts:\nsome log\n(pass) one [1.00ms]\n(pass) two\n(skip) three (skipped: why)\n";
const BAD = "\ntests/b_test.ts:\nerror: no\n(fail) four [2.00ms]\n";
const LAST = "\ntests/c_test.ts:\n(pass) five\n\n 3 pass\n 1 fail\n";

/** What is printed of the chunks, with a second between them. */
function printed(chunks: readonly string[], code: number): string[] {
  let now = 0;
  const lines: string[] = [];
  const reader = new TestLines(
    () => now,
    (line) => lines.push(line),
  );
  for (const chunk of chunks) {
    reader.push(chunk);
    now += 1000;
  }
  reader.end(code);
  return lines;
}

const OK_A = "ok     tests/a_test.ts (2 tests, 1.0 s)";
const OK_C = "ok     tests/c_test.ts (1 test, 1.0 s)";

test.each<[string, string[], number, string[]]>([
  ["one line a file where all is well", [GOOD, LAST], 0, [OK_A, OK_C]],
  [
    "a file with a failure whole",
    [GOOD, BAD, LAST],
    0,
    [OK_A, "tests/b_test.ts:", "error: no", "(fail) four [2.00ms]", "", OK_C],
  ],
  [
    "lines cut by chunks",
    [...GOOD.slice(0, 40), GOOD.slice(40)].map(String),
    0,
    ["ok     tests/a_test.ts (2 tests, 8.0 s)"],
  ],
  [
    "the last file whole where bun ends with a fault",
    ["tests/c_test.ts:\n(pass) five\npanic"],
    132,
    ["tests/c_test.ts:", "(pass) five", "panic"],
  ],
  ["all where no file was begun", ["error: no such option\n"], 1, ["error: no such option"]],
])("TestLines print %s", (_, chunks, code, expected) => {
  expect(printed(chunks, code)).toEqual(expected);
});
