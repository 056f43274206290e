/**
 * The cost of a login with its presence, and of a message, by size of the roster. Contacts are subscribed both ways,
 * and offline. @module
 */
import type { Bench } from "../bench.ts";
import { type CaseResult, counted, type Figure } from "../result.ts";
import { names, Seed } from "../seed.ts";
import { IN_FLIGHT } from "./chat_case.ts";

const USERS = 100;

export async function rosterGrowth(bench: Bench): Promise<CaseResult> {
  const sizes = bench.quick ? [1, 100, 1000] : [1, 10, 100, 1000];
  const logins: [number, number][] = [];
  const messages: [number, number][] = [];
  for (const size of sizes) {
    bench.step(`${counted(size)} contacts`);
    const { loginMs, messageUs } = await bench.withFolder((folder) => measure(bench, folder, size));
    logins.push([size, loginMs]);
    messages.push([size, messageUs]);
  }
  const figures = (what: string, unit: string, points: [number, number][]) =>
    points.map(([size, value]): Figure => ({ what: `${what}, ${counted(size)} contacts`, value, unit }));
  return {
    figures: [
      ...figures("message", "us/message", messages),
      ...figures("login and presence", "ms of processor", logins),
    ],
    charts: [
      {
        name: "roster-message",
        title: "Processor time of a message, by contacts in the roster",
        x: "contacts of each user",
        y: "microseconds a message",
        series: [{ name: "message", points: messages }],
      },
      {
        name: "roster-login",
        title: "Processor time of a login with initial presence, by contacts in the roster",
        x: "contacts of each user",
        y: "milliseconds a login",
        series: [{ name: "login, presence, probes", points: logins }],
      },
    ],
  };
}

async function measure(bench: Bench, folder: string, size: number): Promise<{ loginMs: number; messageUs: number }> {
  const [first, users, contacts] = [names("f", USERS), names("u", USERS), names("c", size)];
  await Seed.run(folder, async (seed) => {
    await seed.accounts([...first, ...users, ...contacts]);
    await seed.contacts([...first, ...users], contacts);
  });
  return bench.withTarget({ kind: "server", folder }, async (target) => {
    const endpoint = target.websocket;
    await bench.cost(target, () => bench.login({ group: "first", endpoint, users: first }));
    const { processorUs } = await bench.cost(target, () => bench.login({ group: "chat", endpoint, users }));
    const count = bench.quick ? 20_000 : 60_000;
    const command = { group: "chat", pairs: USERS / 2, inFlight: IN_FLIGHT, rules: "none", messages: count } as const;
    const { usPerMessage } = await bench.chat(target, command, count, bench.quick ? 1 : 3);
    await Promise.all([bench.leave("chat"), bench.leave("first")]);
    return { loginMs: processorUs / 1000 / USERS, messageUs: usPerMessage };
  });
}
