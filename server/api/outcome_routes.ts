/** Outcomes over HTTP: listed, and followed as server-sent events. @module */
import type { Context } from "hono";
import type { Outcomes } from "../../outcomes/outcomes.ts";
import { type Cursors, gone } from "./cursors.ts";
import { json } from "./message_routes.ts";
import type { OpenStreams } from "./open_streams.ts";
import { Problem } from "./problem.ts";
import { readQuery } from "./read_input.ts";
import { OUTCOMES_QUERY, STREAM_QUERY } from "./schemas.ts";
import type { Slots } from "./slots.ts";
import { timeText } from "./step_json.ts";

export interface OutcomeRoutesStart {
  readonly outcomes: Outcomes;
  /** Whether a step with that cursor is kept. */
  readonly hasStep: (cursor: number) => Promise<boolean>;
  readonly cursors: Cursors;
  readonly streams: OpenStreams;
}

export interface OutcomeRoutes {
  list(c: Context): Promise<Response>;
  /** `isValid`: whether the token of the request still is. */
  stream(c: Context, slots: Slots, isValid: () => Promise<boolean>): Promise<Response>;
}

export function createOutcomeRoutes({ outcomes, hasStep, cursors, streams }: OutcomeRoutesStart): OutcomeRoutes {
  /** Throws Problem cursor-gone. */
  async function lastMessage(cursor: string): Promise<string> {
    const id = cursors.read(cursor);
    if ((await outcomes.get(id)) === undefined) throw gone();
    return id;
  }

  /** Throws Problem cursor-gone. Behind it steps may be missing: an older state of the store was restored, or time has deleted it. */
  async function lastStep(cursor: string): Promise<number> {
    const place = cursors.readNumber(cursor);
    if (!(await hasStep(place))) throw gone();
    return place;
  }

  return {
    async list(c) {
      const { cursor, since, ...asked } = readQuery(OUTCOMES_QUERY, c);
      const page = await outcomes.list({
        ...asked,
        ...(since !== undefined && { since: new Date(since) }),
        ...(cursor !== undefined && { cursor: await lastMessage(cursor) }),
      });
      return json({
        messages: page.messages.map(({ at, ...message }) => ({ ...message, at: timeText(at) })),
        ...(page.next !== undefined && { next: cursors.write(page.next) }),
      });
    },

    async stream(c, slots, isValid) {
      const { after = undefined } = readQuery(STREAM_QUERY, c);
      const last = c.req.header("last-event-id") || after;
      const place = last === undefined ? 0 : await lastStep(last);
      const leave = slots.take();
      if (leave === undefined) throw new Problem("too-many-streams");
      return streams.open(c, { after: place, isValid, leave });
    },
  };
}
