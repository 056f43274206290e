/** 50 pairs that talk, 1,000 messages of 64 bytes under way: what one message costs. @module */
import type { Bench } from "../bench.ts";
import type { Rules } from "../load/commands.ts";
import type { CaseResult } from "../result.ts";
import { names, Seed } from "../seed.ts";

export interface ChatCase {
  readonly kind: "server" | "relay";
  readonly transport: "ws" | "tcp";
  readonly archive?: boolean;
  readonly rules?: Rules;
  readonly against?: string;
}

const PAIRS = 50;
export const IN_FLIGHT = 1000;

export function chatCase(options: ChatCase): (bench: Bench) => Promise<CaseResult> {
  const { kind, transport, archive = false, rules = "none", against } = options;
  return (bench) =>
    bench.withFolder(async (folder) => {
      const users = names("u", 2 * PAIRS);
      if (kind === "server") await Seed.run(folder, (seed) => seed.accounts(users));
      const env = rules === "none" ? {} : { AMPACT_AMP_PRESENCE_POLICY: "open" };
      return bench.withTarget({ kind, folder, archive, env }, async (target) => {
        const endpoint = transport === "ws" ? target.websocket : target.tcp;
        await bench.login({ group: "chat", endpoint, users });
        const command = {
          group: "chat",
          pairs: PAIRS,
          inFlight: IN_FLIGHT,
          rules,
          messages: messagesOf(options, bench.quick),
        };
        const cost = await bench.chat(target, command, bench.quick ? 20_000 : 100_000, bench.quick ? 1 : 3);
        await bench.leave("chat");
        return {
          ...(against !== undefined && { against }),
          figures: [
            { what: "processor time", value: cost.usPerMessage, unit: "us/message" },
            { what: "throughput", value: cost.messagesPerSecond, unit: "messages/s" },
          ],
        };
      });
    });
}

/** The relay needs more messages for a measurable time. */
function messagesOf({ kind }: ChatCase, quick: boolean): number {
  return (quick ? 30_000 : 100_000) * (kind === "relay" ? 10 : 1);
}
