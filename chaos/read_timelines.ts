/** What the server has kept of its messages, read after its end. @module */
import { createInlineStore } from "../store/sqlite_store.ts";
import type { KeptTimeline, PendingMessage, ReadCall } from "../store/store.ts";
import type { KeptTimelines } from "./check_timelines.ts";
import { DOMAINS, jidOf } from "./places.ts";

const PAGE = 500;

/** As the check of the clients' records wants it, and how many messages of each key wait for the application's account. */
export interface KeptMessages extends KeptTimelines {
  readonly keyed: ReadonlyMap<string, number>;
}

export async function readTimelines(path: string, users: readonly string[], keyedTo: string): Promise<KeptMessages> {
  const store = createInlineStore(`sqlite:${path}`, { keyFile: `${path}.key` });
  await store.open();
  const read = async (call: ReadCall): Promise<unknown> => {
    const [reply] = await store.read([call]);
    if (reply === undefined || "fault" in reply) throw reply?.fault ?? new Error("Cannot read store: no reply");
    return reply.value;
  };
  try {
    const timelines: KeptTimeline[] = [];
    for (let after: string | undefined; ; ) {
      const query = { limit: PAGE, ...(after !== undefined && { after }) };
      const page = (await read(["timelines", query])) as readonly { readonly id: string }[];
      for (const { id } of page) timelines.push((await read(["timeline", id])) as KeptTimeline);
      after = page.at(-1)?.id;
      if (page.length < PAGE) break;
    }
    const waiting = new Set<string>();
    // The owner of what waits for another server is its domain.
    for (const owner of [...users.map(jidOf), ...DOMAINS]) {
      const rows = (await read(["pending", owner, 0, 1_000_000])) as readonly PendingMessage[];
      for (const { timeline } of rows) if (timeline !== undefined) waiting.add(timeline);
    }
    const keyed = new Map<string, number>();
    const rows = (await read(["pending", jidOf(keyedTo), 0, 1_000_000])) as readonly PendingMessage[];
    for (const { text } of rows) {
      const key = /<body>([^<]*)</.exec(text)?.[1] ?? "";
      keyed.set(key, (keyed.get(key) ?? 0) + 1);
    }
    return { timelines, waiting, keyed };
  } finally {
    await store.close();
  }
}
