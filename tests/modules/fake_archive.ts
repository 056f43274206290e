import { firstSeqAt } from "../../store/sequence.ts";
import type { ArchivedMessage, ArchivePage, ArchiveQuery } from "../../store/store.ts";

export interface FakeMessage extends ArchivedMessage {
  readonly peer: string;
}

/** One archived message; `second` counts from 2026-01-01T00:00:00Z. */
export function archived(second: number, from: string, to: string, peer: string): FakeMessage {
  const seq = firstSeqAt(Date.UTC(2026, 0, 1, 0, 0, second));
  return { seq, peer, text: `<message from="${from}" to="${to}"><body>${second}</body></message>` };
}

/** The operation `archive` over messages in memory, as store.ts describes it. */
export function queryArchive(messages: readonly FakeMessage[], query: ArchiveQuery): ArchivePage {
  const { peer, from = 0, until = Infinity, after = -1, before = Infinity, seqs } = query;
  const matching = messages.filter(
    (message) =>
      (peer === undefined || message.peer === peer) &&
      message.seq >= from &&
      message.seq <= until &&
      (seqs === undefined || seqs.includes(message.seq)),
  );
  const inside = matching.filter((message) => message.seq > after && message.seq < before);
  const page = query.take === "first" ? inside.slice(0, query.limit) : inside.slice(-query.limit);
  return {
    messages: page.map(({ seq, text }) => ({ seq, text })),
    complete: page.length === inside.length,
    total: query.count ? matching.length : undefined,
  };
}
