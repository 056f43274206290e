/** Questions to DNS. @module */
import { Resolver } from "node:dns/promises";

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Answers are empty where there is no such name or no such record; rejects when there is no answer. */
export interface NameResolver {
  srv(name: string): Promise<readonly SrvRecord[]>;
  /** IPv6 and IPv4. */
  addresses(host: string): Promise<readonly string[]>;
}

const NO_RECORD = ["ENOTFOUND", "ENODATA", "ENONAME"];
const TIMEOUT_MS = 3000;
const TRIES = 2;

/** `servers`: IP addresses, perhaps with a port; those of the system with none. */
export function createNameResolver(servers: readonly string[] = []): NameResolver {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers([...servers]);
  return {
    srv: (name) => records(resolver.resolveSrv(name)),
    async addresses(host) {
      const [six, four] = await Promise.allSettled([
        records(resolver.resolve6(host)),
        records(resolver.resolve4(host)),
      ]);
      const found = [six, four].flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
      if (found.length > 0) return found;
      // A name that exists for one family only is answered with nothing for the other one.
      for (const answer of [six, four]) if (answer.status === "rejected") throw answer.reason;
      return [];
    },
  };
}

async function records<Answer>(question: Promise<Answer[]>): Promise<Answer[]> {
  try {
    return await question;
  } catch (error) {
    if (NO_RECORD.includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}
