/**
 * `npm run chaos`: drives a real server with many clients, breaks connections and kills the server, and checks from the
 * clients' own records that nothing accepted was lost. Exit code 1 where a run shows a violation.
 * @module
 */
import { readOptions } from "../chaos/options.ts";
import { table, violationReport } from "../chaos/report_run.ts";
import { type RunResult, runChaos } from "../chaos/run.ts";
import { shrink } from "../chaos/shrink.ts";

async function main(args: readonly string[]): Promise<number> {
  const { runs } = readOptions(args, Date.now());
  const results: RunResult[] = [];
  for (const options of runs) {
    const result = await runChaos(options);
    results.push(result);
    console.log(table([result]));
    if (result.violations.length > 0) console.log(violationReport(result));
  }
  if (results.length > 1) console.log(`\n${table(results)}`);
  const failed = results.find(({ violations }) => violations.length > 0);
  if (failed === undefined) return 0;
  const shortest = await shrink(failed, (line) => console.log(line));
  if (shortest !== failed) console.log(`\nThe shortest run found:\n${violationReport(shortest)}`);
  return 1;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  },
);
