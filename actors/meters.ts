/**
 * The numbers of the domain, counted where things happen: an increment of a plain number, and nothing else. Whoever shows them
 * reads them (server/metrics/). They count from the making of the server on, over its stops and starts.
 * @module
 */
import type { Outcome } from "../amp/outcome.ts";
import { STANZA_CONDITIONS, type StanzaErrorCondition } from "../xmpp/stanza_condition.ts";
import { Histogram } from "./histogram.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Milliseconds. From a device that is there, and from storage, where a message may have waited for weeks. */
const DIRECT_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, SECOND, 2500, 5000, 10_000, 30_000, MINUTE, 5 * MINUTE];
const STORED_MS = [SECOND, 10_000, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR, 72 * HOUR, 168 * HOUR];
const COMMIT_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, SECOND, 2500, 5000, 10_000];
const BATCH_ROWS = [1, 2, 5, 10, 25, 50, 100, 250, 500, SECOND, 2500, 5000, 10_000];

export type HopResult = "taken" | "refused" | "failed";

export class Meters {
  /** A stored message reaches another when it is proved, withdrawn or expired. */
  readonly outcomes: Record<Outcome["kind"], number> = {
    direct: 0,
    stored: 0,
    forwarded: 0,
    gateway: 0,
    dropped: 0,
    expired: 0,
    none: 0,
  };
  /** Errors with which the server itself answered stanzas. */
  readonly refusals = countsOf(Object.keys(STANZA_CONDITIONS) as StanzaErrorCondition[]);
  /** From the arrival of a message until a device has proved receipt; apart for messages that came from storage. */
  readonly proofs = { direct: new Histogram(DIRECT_MS), stored: new Histogram(STORED_MS) };
  /** From the arrival of a message until the commit of its row. */
  readonly commits = new Histogram(COMMIT_MS);
  /** Of transactions that were committed: their time, and the rows and other writes in each. */
  readonly batchMs = new Histogram(COMMIT_MS);
  readonly batchWrites = new Histogram(BATCH_ROWS);
  failedBatches = 0;
  /** Milliseconds since 1970, and how it ended; 0: there was no transaction yet. */
  lastBatch = { at: 0, isCommitted: true };
  /** Attempts to hand a message to the far end of a hop. */
  readonly attempts: Record<HopResult, number> = { taken: 0, refused: 0, failed: 0 };
  /** By SASL mechanism ("none": none was begun), then by result: `success`, or the condition of the failure. */
  readonly logins = new Map<string, Map<string, number>>();

  /** `mechanism`: "" where none was begun. */
  loggedIn(mechanism: string, result: string): void {
    const name = mechanism || "none";
    let results = this.logins.get(name);
    if (results === undefined) {
      results = new Map();
      this.logins.set(name, results);
    }
    results.set(result, (results.get(result) ?? 0) + 1);
  }
}

function countsOf<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
