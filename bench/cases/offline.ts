/** Messages to 50 users who are away, who then come; none may be lost. @module */
import type { Bench } from "../bench.ts";
import type { CaseResult } from "../result.ts";
import { names, Seed } from "../seed.ts";

const USERS = 50;
const WINDOW = 20;

export function offline(bench: Bench): Promise<CaseResult> {
  const messages = bench.quick ? 20_000 : 50_000;
  const [senders, recipients] = [names("s", USERS), names("r", USERS)];
  return bench.withFolder(async (folder) => {
    await Seed.run(folder, (seed) => seed.accounts([...senders, ...recipients]));
    return bench.withTarget({ kind: "server", folder }, async (target) => {
      await bench.login({ group: "senders", endpoint: target.websocket, users: senders });
      const stored = await bench.cost(target, () =>
        bench.load.ask({ kind: "store", group: "senders", recipients, messages, window: WINDOW }),
      );
      await bench.login({ group: "recipients", endpoint: target.websocket, users: recipients, available: false });
      const flushed = await bench.cost(target, () => bench.load.ask({ kind: "flush", group: "recipients", messages }));
      await Promise.all([bench.leave("senders"), bench.leave("recipients")]);
      return {
        figures: [
          { what: "processor time, store", value: stored.processorUs / messages, unit: "us/message" },
          { what: "processor time, deliver", value: flushed.processorUs / messages, unit: "us/message" },
          { what: "stored", value: messages / stored.answer.seconds, unit: "messages/s" },
          { what: "delivered", value: messages / flushed.answer.seconds, unit: "messages/s" },
        ],
      };
    });
  });
}
