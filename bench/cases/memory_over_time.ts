/** An hour's worth of chat, by count: 100 people who write three messages a second each. @module */
import { type Bench, sleep } from "../bench.ts";
import { type CaseResult, counted } from "../result.ts";
import { names, Seed } from "../seed.ts";
import { IN_FLIGHT } from "./chat_case.ts";

const PAIRS = 50;
const REST_MS = 1000;
/** By then the collector has run and its memory is back with the system. */
const SETTLE_MS = 15_000;
const MEBIBYTE = 1_048_576;

export function memoryOverTime(bench: Bench): Promise<CaseResult> {
  const total = bench.quick ? 200_000 : 1_080_000;
  const steps = bench.quick ? 4 : 18;
  return bench.withFolder(async (folder) => {
    const users = names("u", 2 * PAIRS);
    await Seed.run(folder, (seed) => seed.accounts(users));
    return bench.withTarget({ kind: "server", folder }, async (target) => {
      await bench.login({ group: "chat", endpoint: target.websocket, users });
      const command = { kind: "chat", group: "chat", pairs: PAIRS, inFlight: IN_FLIGHT, rules: "none" } as const;
      const memory = async () => {
        await sleep(REST_MS);
        return target.usage().bytes / MEBIBYTE;
      };
      const points: [number, number][] = [];
      for (let step = 0; step <= steps; step++) {
        bench.step(`${counted(Math.round((total / steps) * step))} of ${counted(total)} messages`);
        points.push([(total / steps) * step, await memory()]);
        if (step < steps) await bench.load.ask({ ...command, messages: Math.round(total / steps) });
      }
      await sleep(bench.quick ? SETTLE_MS / 3 : SETTLE_MS);
      const end = await memory();
      await bench.leave("chat");
      const [first, warm] = [points[0]![1], points[1]![1]];
      return {
        figures: [
          { what: `grown since message ${counted(total / steps)}`, value: end - warm, unit: "MB" },
          { what: "logged in, before the first message", value: first, unit: "MB" },
          { what: `after the first ${counted(total / steps)}`, value: warm, unit: "MB" },
          { what: "at the end", value: end, unit: "MB" },
        ],
        charts: [
          {
            name: "memory",
            title: "Memory of the server while 100 people chat",
            x: "messages",
            y: "MB resident",
            linear: true,
            series: [{ name: "resident memory", points }],
          },
        ],
      };
    });
  });
}
