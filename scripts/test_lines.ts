/** Makes one line a file of what `bun test` prints, as long as all is well; a file with a failure is printed whole. @module */
import { stripVTControlCharacters } from "node:util";
import { headingOf } from "./test_summary.ts";

const DONE = /^\((?:pass|fail)\) /;
const FAILED = /^\(fail\) /;

interface Section {
  readonly file: string | undefined;
  readonly since: number;
  readonly lines: string[];
  tests: number;
  failed: boolean;
}

export class TestLines {
  readonly #now: () => number;
  readonly #print: (line: string) => void;
  #rest = "";
  #section: Section;

  /** `now`: milliseconds. */
  constructor(now: () => number, print: (line: string) => void) {
    this.#now = now;
    this.#print = print;
    this.#section = { file: undefined, since: now(), lines: [], tests: 0, failed: false };
  }

  push(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  /** `code`: the exit code of `bun test`; what led to another than 0 may be in the last lines. */
  end(code: number): void {
    if (this.#rest !== "") this.#take(this.#rest);
    this.#rest = "";
    this.#close(code !== 0);
  }

  #take(line: string): void {
    const plain = stripVTControlCharacters(line).trimEnd();
    const file = headingOf(plain);
    // bun repeats headings above the failures at its end.
    if (file !== undefined && file !== this.#section.file) {
      this.#close(false);
      this.#section = { file, since: this.#now(), lines: [], tests: 0, failed: false };
    }
    this.#section.lines.push(line);
    if (DONE.test(plain)) this.#section.tests += 1;
    if (FAILED.test(plain)) this.#section.failed = true;
  }

  #close(isSuspect: boolean): void {
    const { file, since, lines, tests, failed } = this.#section;
    if (failed || isSuspect) for (const line of lines) this.#print(line);
    else if (file !== undefined) {
      const seconds = ((this.#now() - since) / 1000).toFixed(1);
      this.#print(`ok     ${file} (${tests} ${tests === 1 ? "test" : "tests"}, ${seconds} s)`);
    }
  }
}
