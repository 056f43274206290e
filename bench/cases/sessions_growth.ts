/** What a message costs with 100, 1,000 and 10,000 sessions. @module */
import type { Bench } from "../bench.ts";
import { type CaseResult, counted, type Figure, type Series } from "../result.ts";
import { names, Seed } from "../seed.ts";
import type { Target } from "../target.ts";
import { IN_FLIGHT } from "./chat_case.ts";

const FEW_PAIRS = 50;

export async function sessionsGrowth(bench: Bench): Promise<CaseResult> {
  const sizes = bench.quick ? [100, 1000] : [100, 1000, 10_000];
  const all: [number, number][] = [];
  const few: [number, number][] = [];
  const relay: [number, number][] = [];
  for (const size of sizes) {
    bench.step(`${counted(size)} sessions`);
    await bench.withFolder(async (folder) => {
      const users = names("u", size);
      await Seed.run(folder, (seed) => seed.accounts(users));
      await bench.withTarget({ kind: "server", folder }, async (target) => {
        await bench.login({ group: "chat", endpoint: target.websocket, users });
        all.push([size, await costOf(bench, target, size / 2)]);
        few.push([size, await costOf(bench, target, FEW_PAIRS)]);
        await bench.leave("chat");
      });
      await bench.withTarget({ kind: "relay", folder }, async (target) => {
        await bench.login({ group: "chat", endpoint: target.websocket, users });
        relay.push([size, await costOf(bench, target, size / 2)]);
        await bench.leave("chat");
      });
    });
  }
  const series: Series[] = [
    { name: "all pairs talk", points: all },
    { name: "50 pairs talk, the others are idle", points: few },
    { name: "bare relay, all pairs talk", points: relay },
  ];
  const title = "Processor time of a message, by sessions";
  const chart = { name: "sessions", title, x: "sessions", y: "microseconds a message", series };
  const figures = series.flatMap(({ name, points }) =>
    points.map(([size, value]): Figure => ({ what: `${counted(size)} sessions, ${name}`, value, unit: "us/message" })),
  );
  return { figures, charts: [chart] };
}

async function costOf(bench: Bench, target: Target, pairs: number): Promise<number> {
  const messages = bench.quick ? 20_000 : 60_000;
  const command = { group: "chat", pairs, inFlight: IN_FLIGHT, rules: "none", messages } as const;
  return (await bench.chat(target, command, messages, bench.quick ? 1 : 3)).usPerMessage;
}
