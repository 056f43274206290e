/** Reads what `bun test` prints: which files it collected, which tests it skipped, and the counts at its end. @module */

export interface TestSummary {
  /** Test files whose heading was printed, in the order in which they ran. */
  readonly files: readonly string[];
  /** Number of collected files by the closing line; undefined when it is missing, as after a crash. */
  readonly collected: number | undefined;
  readonly skipped: readonly SkippedTest[];
  /** Names of the tests that failed, with their file. */
  readonly failures: readonly string[];
  readonly passed: number;
  readonly failed: number;
}

export interface SkippedTest {
  readonly name: string;
  readonly reason: string;
}

/** GitHub Actions gets a group for each file. */
const FILE = /^(?:::group::)?(\S.*_test\.ts):$/;
const SKIPPED = /^\((?:skip|todo)\) (.+)$/;
const FAILED = /^\(fail\) (.+?)(?: \[[\d.]+m?s\])?$/;
const REASON = / ?\(skipped: (.+)\)/;
const COUNT = /^ *(\d+) (pass|fail)$/;
const END = /^Ran \d+ tests? across (\d+) files?\./;

/** The file of which this line is the heading. */
export function headingOf(line: string): string | undefined {
  return FILE.exec(line)?.[1];
}

/** `output` without colours. */
export function readSummary(output: string): TestSummary {
  const files = new Set<string>();
  const skipped: SkippedTest[] = [];
  const failures = new Set<string>();
  let current = "";
  const counts = { pass: 0, fail: 0 };
  let collected: number | undefined;
  for (const line of output.split("\n").map((text) => text.trimEnd())) {
    const file = headingOf(line);
    if (file !== undefined) {
      files.add(file);
      current = file;
    }
    const failedName = FAILED.exec(line)?.[1];
    // bun repeats failures at the end, where no heading stands above them.
    if (failedName !== undefined && ![...failures].some((known) => known.endsWith(`: ${failedName}`))) {
      failures.add(`${current}: ${failedName}`);
    }
    const skippedName = SKIPPED.exec(line)?.[1];
    if (skippedName !== undefined) skipped.push(readSkipped(skippedName));
    const [, count, kind] = COUNT.exec(line) ?? [];
    if (kind === "pass" || kind === "fail") counts[kind] = Number(count);
    const across = END.exec(line)?.[1];
    if (across !== undefined) collected = Number(across);
  }
  return { files: [...files], collected, skipped, failures: [...failures], passed: counts.pass, failed: counts.fail };
}

/** By convention the name of a skipped test ends in "(skipped: reason)". */
function readSkipped(text: string): SkippedTest {
  const reason = REASON.exec(text)?.[1];
  return { name: text.replace(REASON, ""), reason: reason ?? "no reason given" };
}

/** The last line of a run. */
export function countsLine(passed: number, failed: number, skipped: number): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
