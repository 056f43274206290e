import { describe, expect, test } from "bun:test";
import type { Fault } from "../../chaos/fault.ts";
import { violationReport } from "../../chaos/report_run.ts";
import { type RunOptions, type RunResult, runChaos } from "../../chaos/run.ts";
import type { ViolationKind } from "../../chaos/violation.ts";

const LIMIT_MS = 90_000;
/** A fault meets a kill in most runs, on a busy machine in four of five. */
const TRIES = 5;
const TRY_MS = 30_000;

/** Two at a time: most of a run is waiting. */
describe.concurrent("a server that is killed, under clients that are cut off, keeps what it accepted", () => {
  test.each([11, 12])(
    "seed %i",
    async (seed) => {
      const result = await runChaos({ seed, seconds: 10, users: 8, killEvery: 2 });
      expect(result.violations.length === 0 ? "" : violationReport(result)).toBe("");
      expect(result.counts.kills).toBeGreaterThan(0);
      expect(result.counts.cuts + result.counts.freezes).toBeGreaterThan(3);
      expect(result.accepted).toBeGreaterThan(30);
      expect(result.reports).toBeGreaterThan(20);
      expect(result.keys).toBeGreaterThan(10);
      expect(result.steps).toBeGreaterThan(100);
    },
    LIMIT_MS,
  );
});

test(
  "two servers, joined by streams that break, lose nothing and tell nothing twice",
  async () => {
    const result = await runChaos({ seed: 41, seconds: 8, users: 8, killEvery: 0, servers: 2 });
    expect(result.violations.length === 0 ? "" : violationReport(result)).toBe("");
    expect(result.accepted).toBeGreaterThan(30);
    expect(result.reports).toBeGreaterThan(20);
  },
  LIMIT_MS,
);

interface Weakness {
  readonly fault: Fault;
  /** At least one of these shows it. */
  readonly shows: readonly ViolationKind[];
}

const WEAKNESSES: readonly Weakness[] = [
  { fault: "answer-before-commit", shows: ["lost", "false-stored"] },
  { fault: "settle-at-write", shows: ["lost", "false-stored"] },
  { fault: "direct-at-write", shows: ["false-direct"] },
  { fault: "steps-before-commit", shows: ["unsent"] },
  { fault: "cursor-skips", shows: ["unseen"] },
];

describe.concurrent("the harness notices a server without", () => {
  test.each(WEAKNESSES)(
    "$fault",
    async ({ fault, shows }) => {
      const found = await firstFailure({ seed: 21, seconds: 8, users: 8, killEvery: 1, fault }, shows);
      expect(found).toBeDefined();
    },
    TRIES * TRY_MS,
  );
});

/** The first run, of some seeds, that shows one of these. */
async function firstFailure(options: RunOptions, kinds: readonly ViolationKind[]): Promise<RunResult | undefined> {
  for (let tried = 0; tried < TRIES; tried++) {
    const result = await runChaos({ ...options, seed: options.seed + tried });
    if (result.violations.some(({ kind }) => kinds.includes(kind))) return result;
  }
  return undefined;
}
