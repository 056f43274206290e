/** Messages that wait for one user, up to 10,000: what each costs when the user comes, and how long the last takes. @module */
import type { Bench } from "../bench.ts";
import { type CaseResult, counted } from "../result.ts";
import { names, Seed } from "../seed.ts";

export async function pendingGrowth(bench: Bench): Promise<CaseResult> {
  const total = bench.quick ? 10_000 : 20_000;
  const costs: [number, number][] = [];
  const waits: [number, number][] = [];
  for (const size of [100, 1000, 10_000]) {
    bench.step(`${counted(size)} messages wait`);
    const { us, seconds } = await bench.withFolder((folder) => measure(bench, folder, total / size, size));
    costs.push([size, us]);
    waits.push([size, seconds]);
  }
  return {
    figures: [
      ...costs.map(([size, value]) => ({ what: `delivery, ${counted(size)} wait`, value, unit: "us/message" })),
      ...waits.map(([size, value]) => ({
        what: `until all ${counted(total)} have come, ${counted(size)} for each user`,
        value,
        unit: "s",
      })),
    ],
    charts: [
      {
        name: "pending",
        title: "Processor time of a stored message that is delivered, by messages that wait for that user",
        x: "messages that wait",
        y: "microseconds a message",
        series: [{ name: "delivery, with proof of receipt", points: costs }],
      },
    ],
  };
}

async function measure(bench: Bench, folder: string, count: number, size: number) {
  const [first, users] = [["first"], names("u", count)];
  await Seed.run(folder, async (seed) => {
    await seed.accounts(["sender", ...first, ...users]);
    await seed.pending(first, 5000);
    await seed.pending(users, size);
  });
  return bench.withTarget({ kind: "server", folder }, async (target) => {
    const flush = async (group: string, members: readonly string[], messages: number) => {
      await bench.login({ group, endpoint: target.websocket, users: members, available: false });
      const cost = await bench.cost(target, () => bench.load.ask({ kind: "flush", group, messages }));
      await bench.leave(group);
      return cost;
    };
    await flush("first", first, 5000);
    const { processorUs, answer } = await flush("users", users, count * size);
    return { us: processorUs / count / size, seconds: answer.seconds };
  });
}
