/** A log that keeps what went wrong: an error of the server's fails the scenario in which it happens. @module */
import type { Log } from "../../xmpp/log.ts";

export class TestLog implements Log {
  readonly errors: string[] = [];
  readonly warnings: string[] = [];

  debug(): void {}

  info(): void {}

  warn(what: string, record?: Record<string, unknown>): void {
    this.warnings.push(line(what, record));
  }

  error(what: string, record?: Record<string, unknown>): void {
    this.errors.push(line(what, record));
  }
}

function line(what: string, record: Record<string, unknown> = {}): string {
  const facts = Object.entries(record).map(([key, value]) => `${key}=${value instanceof Error ? value.stack : value}`);
  return [what, ...facts].join(" ");
}
