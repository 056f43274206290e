/** How long a message takes at half of the highest rate: alone, while the store commits, and while others log in. @module */
import { type Bench, sleep } from "../bench.ts";
import type { Quantiles } from "../load/quantiles.ts";
import { type CaseResult, counted, type Figure } from "../result.ts";
import { names, Seed } from "../seed.ts";
import type { Target } from "../target.ts";

const PAIRS = 50;
const STORM = 1000;
const STORM_AFTER_MS = 500;

export async function latency(bench: Bench): Promise<CaseResult> {
  bench.step("half load");
  const alone = await run(bench, false);
  bench.step("half load, each message archived");
  const archived = await run(bench, true);
  bench.step(`half load, ${counted(STORM)} logins`);
  const cheap = await run(bench, false, "cheap");
  bench.step(`half load, ${counted(STORM)} logins with PBKDF2`);
  const real = bench.quick ? undefined : await run(bench, false, "real");
  return {
    figures: [
      ...figures("half load", alone),
      ...figures("half load, the store commits every message", archived),
      ...figures(`half load, ${counted(STORM)} logins`, cheap),
      ...(real === undefined
        ? []
        : figures(`half load, ${counted(STORM)} logins, password check at 10,000 rounds`, real)),
    ],
  };
}

interface Measured {
  readonly rate: number;
  readonly latency: Quantiles;
  readonly loginSeconds: number | undefined;
}

function figures(what: string, { rate, latency: { p50, p99, max }, loginSeconds }: Measured): Figure[] {
  return [
    { what: `${what}, p99`, value: p99, unit: "ms" },
    { what: `${what}, median`, value: p50, unit: "ms" },
    { what: `${what}, longest`, value: max, unit: "ms" },
    { what: `${what}, rate`, value: rate, unit: "messages/s" },
    ...(loginSeconds === undefined ? [] : [{ what: `${what}, all logged in after`, value: loginSeconds, unit: "s" }]),
  ];
}

function run(bench: Bench, archive: boolean, storm?: "cheap" | "real"): Promise<Measured> {
  const [users, comers] = [names("u", 2 * PAIRS), names("c", STORM)];
  return bench.withFolder(async (folder) => {
    await Seed.run(folder, async (seed) => {
      await seed.accounts(users);
      if (storm !== undefined) await seed.accounts(comers, storm);
    });
    return bench.withTarget({ kind: "server", folder, archive }, async (target) => {
      await bench.login({ group: "chat", endpoint: target.websocket, users });
      const rate = Math.floor((await highestRate(bench, target)) / 2);
      const messages = rate * (bench.quick ? 3 : 8);
      const chat = bench.load.ask({
        kind: "chat",
        group: "chat",
        pairs: PAIRS,
        inFlight: 0,
        rules: "none",
        messages,
        rate,
      });
      const logins = storm === undefined ? undefined : comeIn(bench, target, comers);
      const [{ latency }, seconds] = await Promise.all([chat, logins]);
      await bench.leave("chat");
      return { rate, latency, loginSeconds: seconds };
    });
  });
}

/** With one message under way for each pair, as at half load: with more of them, fewer writes do the same work. */
async function highestRate(bench: Bench, target: Target): Promise<number> {
  const messages = bench.quick ? 30_000 : 100_000;
  const command = { group: "chat", pairs: PAIRS, inFlight: PAIRS, rules: "none", messages } as const;
  return (await bench.chat(target, command, messages, bench.quick ? 1 : 3)).messagesPerSecond;
}

async function comeIn(bench: Bench, target: Target, users: readonly string[]): Promise<number> {
  await sleep(STORM_AFTER_MS);
  const { seconds } = await bench.login({ group: "comers", endpoint: target.websocket, users });
  await bench.leave("comers");
  return seconds;
}
