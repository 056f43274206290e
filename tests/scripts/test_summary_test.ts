import { describe, expect, test } from "bun:test";
import { countsLine, readSummary } from "../../scripts/test_summary.ts";

const RUN = `bun test v1.4.5 (a7733435c)

tests/a_test.ts:
hello: world_test.ts
(pass) one [0.02ms]
(skip) store > keeps rows (skipped: no PostgreSQL here)
(todo) store > t3
(fail) store > bad [0.07ms]

::group::tests/amp/b_test.ts:
::endgroup::

 12 pass
 2 skip
 3 fail
 1 error
 2 expect() calls
Ran 17 tests across 2 files. [25.00ms]
`;

describe("readSummary()", () => {
  test("reads files, counts and skipped tests with their reasons", () => {
    expect(readSummary(RUN)).toEqual({
      files: ["tests/a_test.ts", "tests/amp/b_test.ts"],
      collected: 2,
      skipped: [
        { name: "store > keeps rows", reason: "no PostgreSQL here" },
        { name: "store > t3", reason: "no reason given" },
      ],
      failures: ["tests/a_test.ts: store > bad"],
      passed: 12,
      failed: 3,
    });
  });

  test("says that a run without its closing line is not complete", () => {
    expect(readSummary(RUN.slice(0, RUN.indexOf("Ran")))).toMatchObject({ collected: undefined, passed: 12 });
  });
});

test.each([
  [3, 0, 0, "3 passed, 0 failed"],
  [0, 1, 2, "0 passed, 1 failed, 2 skipped"],
])("countsLine(%i, %i, %i) is %p", (passed, failed, skipped, line) => {
  expect(countsLine(passed, failed, skipped)).toBe(line);
});
