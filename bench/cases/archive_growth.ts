/** What grows with the archive: the cost of one more message, and of a page. @module */
import type { Bench } from "../bench.ts";
import { type CaseResult, counted, type Figure } from "../result.ts";
import { names, Seed } from "../seed.ts";
import type { Target } from "../target.ts";
import { IN_FLIGHT } from "./chat_case.ts";

const READER = "reader";
const PEERS = 100;
const PAGE = 50;

interface Measured {
  readonly messageUs: number;
  readonly end: PageCost;
  readonly middle: PageCost;
}

interface PageCost {
  readonly us: number;
  readonly ms: number;
}

export async function archiveGrowth(bench: Bench): Promise<CaseResult> {
  const sizes = bench.quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000];
  const measured = new Map<number, Measured>();
  await bench.withFolder(async (folder) => {
    const peers = names("u", PEERS);
    await Seed.run(folder, (seed) => seed.accounts([READER, ...peers]));
    let filled = 0;
    for (const size of sizes) {
      bench.step(`${counted(size)} archived messages, writing them`);
      const middle = await Seed.run(folder, (seed) => seed.archive(READER, peers, size - filled));
      filled = size;
      bench.step(`${counted(size)} archived messages, measuring`);
      const work = (target: Target) => measure(bench, target, peers, middle);
      measured.set(size, await bench.withTarget({ kind: "server", folder, archive: true }, work));
    }
  });
  return toResult(measured);
}

async function measure(bench: Bench, target: Target, peers: readonly string[], middle: string): Promise<Measured> {
  const endpoint = target.websocket;
  await bench.login({ group: READER, endpoint, users: [READER] });
  const end = await pageCost(bench, target);
  const inTheMiddle = await pageCost(bench, target, middle);
  await bench.leave(READER);
  await bench.login({ group: "chat", endpoint, users: peers });
  const messages = bench.quick ? 20_000 : 60_000;
  const command = { group: "chat", pairs: PEERS / 2, inFlight: IN_FLIGHT, rules: "none", messages } as const;
  const { usPerMessage } = await bench.chat(target, command, messages, bench.quick ? 1 : 3);
  await bench.leave("chat");
  return { messageUs: usPerMessage, end, middle: inTheMiddle };
}

async function pageCost(bench: Bench, target: Target, after?: string): Promise<PageCost> {
  const pages = bench.quick ? 100 : 300;
  const command = { kind: "pages", group: READER, size: PAGE, ...(after !== undefined && { after }) } as const;
  await bench.load.ask({ ...command, pages });
  const { processorUs, answer } = await bench.cost(target, () => bench.load.ask({ ...command, pages }));
  if (answer.messages !== pages * PAGE)
    throw new Error(`Cannot use pages: ${answer.messages} messages on ${pages} of them`);
  return { us: processorUs / pages, ms: answer.wait.p50 };
}

function toResult(measured: ReadonlyMap<number, Measured>): CaseResult {
  const curve = (value: (each: Measured) => number) =>
    [...measured].map(([size, each]) => [size, value(each)] as const);
  const message = curve(({ messageUs }) => messageUs);
  const [end, middle] = [curve((each) => each.end.ms), curve((each) => each.middle.ms)];
  const figures = (what: string, unit: string, points: ReturnType<typeof curve>) =>
    points.map(([size, value]): Figure => ({ what: `${what}, ${counted(size)} archived`, value, unit }));
  return {
    figures: [
      ...figures("one more message", "us/message", message),
      ...figures("page at the end", "ms", end),
      ...figures("page in the middle", "ms", middle),
      ...figures(
        "page at the end, processor",
        "us/page",
        curve((each) => each.end.us),
      ),
      ...figures(
        "page in the middle, processor",
        "us/page",
        curve((each) => each.middle.us),
      ),
    ],
    charts: [
      {
        name: "archive",
        title: "Processor time of a message that is archived for both sides, by messages in the archive",
        x: "messages in the archive",
        y: "microseconds a message",
        series: [{ name: "one more message", points: message }],
      },
      {
        name: "archive-page",
        title: "Waiting for an archive page of 50 messages",
        x: "messages in that archive",
        y: "milliseconds, median",
        series: [
          { name: "at the end", points: end },
          { name: "in the middle", points: middle },
        ],
      },
    ],
  };
}
