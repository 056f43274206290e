/** Sessions that log in and idle: what one costs, and what it holds. @module */
import { type Bench, sleep } from "../bench.ts";
import type { CaseResult } from "../result.ts";
import { names, Seed } from "../seed.ts";

/** These are not counted: the first ones compile the code. */
const FIRST = 200;
/** Time for the collector to come by. */
const REST_MS = 3000;

export function sessionMemory(bench: Bench): Promise<CaseResult> {
  const count = bench.quick ? 1000 : 5000;
  return bench.withFolder(async (folder) => {
    const [first, users] = [names("f", FIRST), names("u", count)];
    await Seed.run(folder, (seed) => seed.accounts([...first, ...users]));
    return bench.withTarget({ kind: "server", folder }, async (target) => {
      await bench.login({ group: "first", endpoint: target.websocket, users: first });
      await sleep(REST_MS);
      const before = target.usage();
      const { seconds, wait } = await bench.login({ group: "users", endpoint: target.websocket, users });
      const loggedIn = target.usage();
      await sleep(REST_MS);
      const after = target.usage();
      await Promise.all([bench.leave("users"), bench.leave("first")]);
      return {
        figures: [
          { what: "memory", value: (after.bytes - before.bytes) / 1024 / count, unit: "KB/session" },
          { what: "login", value: (loggedIn.processorUs - before.processorUs) / 1000 / count, unit: "ms of processor" },
          { what: "logins", value: count / seconds, unit: "logins/s" },
          { what: "login, p99", value: wait.p99, unit: "ms" },
        ],
      };
    });
  });
}
