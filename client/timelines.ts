/** What became of a message of one's own, asked of an ampact server: `urn:ampact:outcomes:0`. @module */
import type { MessageStep, MessageTimeline } from "./message_timeline.ts";
import { readTimeline } from "./read_timeline.ts";
import type { ReplyElement } from "./reply_element.ts";

/** A message by its own id and recipient, or by the id of its timeline. */
export type AskedMessage = { readonly stanza: string; readonly to: string } | { readonly id: string };

/** What createTimelines needs for an XMPP library. */
export interface TimelineAdapter {
  /**
   * Sends an IQ `get` without `to`, with `<timeline/>` of these attributes in it, and resolves with the `<timeline/>` of the answer.
   * Undefined: the answer is `item-not-found`. Rejects for other errors, and where no answer comes.
   */
  ask(attributes: Readonly<Record<string, string>>): Promise<ReplyElement | undefined>;
}

export interface FollowOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

export interface Timelines {
  /** Undefined: the server keeps no timeline of such a message of yours. */
  get(message: AskedMessage): Promise<MessageTimeline | undefined>;
  /**
   * Each step, until the message is settled; the server is asked again after a pause of a quarter of a second to half a minute. Where only a part
   * is told, it ends with what is told by now. Throws where the server keeps no timeline of the message.
   */
  follow(message: AskedMessage, options?: FollowOptions): AsyncIterableIterator<MessageStep>;
}

const FIRST_PAUSE_MS = 250;
const GROWTH = 1.5;
const LONGEST_PAUSE_MS = 30_000;
/** A timeline may be written a moment after its message was sent. */
const MISSING_MS = 5000;

export function createTimelines(adapter: TimelineAdapter): Timelines {
  const get = async (message: AskedMessage): Promise<MessageTimeline | undefined> => {
    const element = await adapter.ask({ ...message });
    return element && readTimeline(element);
  };
  return { get, follow: (message, options = {}) => follow(() => get(message), options) };
}

async function* follow(
  get: () => Promise<MessageTimeline | undefined>,
  { signal }: FollowOptions,
): AsyncIterableIterator<MessageStep> {
  let seen = 0;
  let pause = FIRST_PAUSE_MS;
  for (let missed = 0; signal?.aborted !== true; ) {
    const timeline = await get();
    if (timeline === undefined && missed >= MISSING_MS) {
      throw new Error("Cannot follow message: the server keeps no timeline of it");
    }
    const news = timeline?.steps.slice(seen) ?? [];
    for (const step of news) {
      if (signal?.aborted) return;
      yield step;
    }
    if (timeline?.outcome !== undefined || timeline?.isPartial) return;
    seen += news.length;
    if (timeline === undefined) missed += FIRST_PAUSE_MS;
    else pause = news.length > 0 ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pause * GROWTH);
    await sleep(pause, signal);
  }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
  });
}
