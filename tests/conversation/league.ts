/** Conversations between whole servers that are joined by streams in memory, each with a cast of its own. @module */
import { afterAll, test } from "bun:test";
import type { Cast } from "./cast.ts";
import { MemoryNetwork } from "./memory_links.ts";
import { Play } from "./play.ts";
import { type StageConfig, TestServer } from "./test_server.ts";

export interface LeagueOptions extends StageConfig {
  /** Of single servers, by their place. */
  readonly each?: readonly StageConfig[];
  readonly onDisk?: boolean;
  readonly now?: () => number;
}

export interface League {
  readonly network: MemoryNetwork;
  /** In the order of the domains. */
  readonly casts: readonly Cast[];
}

const DOMAINS = ["verona.example", "mantua.example", "venice.example"];
const TIMEOUT_MS = 15_000;

type Plot = (league: League) => Promise<void>;

export function league(count: 2 | 3, { each = [], ...options }: LeagueOptions = {}) {
  const network = new MemoryNetwork();
  let servers: Promise<readonly TestServer[]> | undefined;
  const start = (domain: string, index: number) =>
    // Which of several processes speaks with another server is not settled by this interface.
    TestServer.start({ ...options, ...each[index], nodes: 1, domains: [domain], links: network.links(domain) });
  afterAll(async () => {
    for (const server of (await servers) ?? []) await server.stop();
  });
  return (name: string, plot: Plot): void => {
    test(
      name,
      async () => {
        servers ??= Promise.all(DOMAINS.slice(0, count).map(start));
        network.weather = () => undefined;
        network.seen.length = 0;
        await perform(await servers, [], (casts) => plot({ network, casts }));
      },
      TIMEOUT_MS,
    );
  };
}

/** Each server's performance stands around those of the servers after it. */
async function perform(
  servers: readonly TestServer[],
  casts: readonly Cast[],
  plot: (casts: readonly Cast[]) => Promise<void>,
): Promise<void> {
  const server = servers[casts.length];
  if (server === undefined) return await plot(casts);
  const clock = {
    now: Date.now,
    advance: () => {
      throw new Error("Cannot move the clock: a league has none");
    },
  };
  await new Play(server, "websocket", clock).perform((cast) => perform(servers, [...casts, cast], plot));
}
