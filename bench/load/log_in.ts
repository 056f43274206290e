/** Many logins, a few at a time. @module */
import type { Answers, LoginCommand } from "./commands.ts";
import { quantiles } from "./quantiles.ts";
import { Session } from "./session.ts";
import { StallError, watchStall } from "./stall.ts";

const PATIENCE_MS = 60_000;

export interface LoggedIn {
  readonly sessions: readonly Session[];
  readonly answer: Answers["login"];
}

/** Rejects at the first login that fails. */
export function logIn({ endpoint, users, parallel, available }: LoginCommand): Promise<LoggedIn> {
  const begun = performance.now();
  const sessions: Session[] = [];
  const waits: number[] = [];
  return new Promise((resolve, reject) => {
    let open = 0;
    const unwatch = watchStall(
      () => waits.length,
      PATIENCE_MS,
      () => reject(new StallError(`Cannot log in: ${waits.length} of ${users.length}, then nothing`)),
    );
    const next = (): void => {
      while (open < parallel && sessions.length < users.length) {
        open++;
        const started = performance.now();
        const session = new Session(endpoint, users[sessions.length]!, available, (_, fault) => {
          if (fault !== undefined) return fail(fault);
          open--;
          waits.push(performance.now() - started);
          if (waits.length < users.length) return next();
          unwatch();
          resolve({ sessions, answer: { seconds: (performance.now() - begun) / 1000, wait: quantiles(waits) } });
        });
        sessions.push(session);
        session.connect();
      }
    };
    const fail = (fault: string): void => {
      unwatch();
      reject(new Error(`Cannot log in: ${fault}`));
    };
    next();
  });
}
