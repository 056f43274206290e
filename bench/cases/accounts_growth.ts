/** What a login costs with 100 to 100,000 accounts; the password check is made cheap, so that the rest shows. @module */
import type { Bench } from "../bench.ts";
import { type CaseResult, counted } from "../result.ts";
import { names, Seed } from "../seed.ts";

const LOGINS = 300;

export async function accountsGrowth(bench: Bench): Promise<CaseResult> {
  const sizes = bench.quick ? [1000, 100_000] : [1000, 10_000, 100_000];
  const logins: [number, number][] = [];
  await bench.withFolder(async (folder) => {
    let filled = 0;
    for (const size of sizes) {
      bench.step(`${counted(size)} accounts`);
      await Seed.run(folder, (seed) => seed.accounts(names("u", size - filled, filled)));
      filled = size;
      logins.push([size, await loginMs(bench, folder, size)]);
    }
  });
  return {
    figures: logins.map(([size, value]) => ({
      what: `login, ${counted(size)} accounts`,
      value,
      unit: "ms of processor",
    })),
    charts: [
      {
        name: "accounts",
        title: "Processor time of a login, by accounts in the store",
        x: "accounts",
        y: "milliseconds a login",
        series: [{ name: "login", points: logins }],
      },
    ],
  };
}

async function loginMs(bench: Bench, folder: string, size: number): Promise<number> {
  const every = Math.floor(size / (2 * LOGINS));
  const some = Array.from({ length: 2 * LOGINS }, (_, at) => `u${at * every}`);
  return bench.withTarget({ kind: "server", folder }, async (target) => {
    const endpoint = target.websocket;
    await bench.cost(target, () => bench.login({ group: "first", endpoint, users: some.slice(0, LOGINS) }));
    const { processorUs } = await bench.cost(target, () =>
      bench.login({ group: "second", endpoint, users: some.slice(LOGINS) }),
    );
    await Promise.all([bench.leave("first"), bench.leave("second")]);
    return processorUs / 1000 / LOGINS;
  });
}
