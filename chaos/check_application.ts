/**
 * Holds what an application has seen and sent over HTTP against what the server has kept. Pure.
 *
 * - unseen: a step is kept, and a follower that has seen a later one has not seen it.
 * - sent-twice: a key stands for several timelines, or its message lies in storage more than once.
 * - unsent: the server has answered for the message of a key, and it is not in storage.
 * @module
 */
import type { KeptTimeline } from "../store/store.ts";
import type { ApplicationRecords, SeenStep } from "./application.ts";
import type { Violation } from "./violation.ts";

/** `stored`: by key, how many messages of that key lie in storage. */
export function checkApplication(
  records: ApplicationRecords,
  timelines: readonly KeptTimeline[],
  stored: ReadonlyMap<string, number>,
): Violation[] {
  return [
    ...unseen(records.seen, timelines),
    ...[...records.keyed].flatMap(([key, ids]) => checkKey(key, ids, stored)),
  ];
}

function checkKey(key: string, ids: ReadonlySet<string>, stored: ReadonlyMap<string, number>): Violation[] {
  const count = stored.get(key) ?? 0;
  if (ids.size > 1) return [{ kind: "sent-twice", messages: [], text: `${key}: ${ids.size} timelines` }];
  if (count > 1) return [{ kind: "sent-twice", messages: [], text: `${key}: ${count} messages` }];
  if (ids.size > 0 && count === 0) return [{ kind: "unsent", messages: [], text: `${key}: ${[...ids]} is nowhere` }];
  return [];
}

/** A step may have been written after the follower has read for the last time, so those behind its last one do not count. */
function unseen(seen: readonly SeenStep[], timelines: readonly KeptTimeline[]): Violation[] {
  const known = new Set(seen.map(({ message, kind, at }) => `${message} ${kind} ${at}`));
  const kept = timelines.flatMap(({ id, steps }) =>
    steps.map(({ cursor, kind, at }) => ({ cursor, name: `${id} ${kind} ${at}` })),
  );
  const last = kept.reduce((most, { cursor, name }) => (known.has(name) ? Math.max(most, cursor) : most), 0);
  return kept
    .filter(({ cursor, name }) => cursor < last && !known.has(name))
    .map(({ cursor, name }) => ({ kind: "unseen", messages: [], text: `${name}, at ${cursor} of ${last}` }));
}
