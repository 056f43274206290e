/** Messages to one address go one after the other: each address has a lane, and the first in it is under way. @module */
import type { Tracked } from "../delivery/tracked.ts";

export interface Lane {
  readonly messages: Tracked[];
  /** Of the first. */
  attempts: number;
  /** The first is with the far end. */
  isSending: boolean;
  /** The first waits for its next attempt. */
  cancelPause: (() => void) | undefined;
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  add(message: Tracked): Lane {
    const key = keyOf(message);
    const known = this.#lanes.get(key);
    if (known !== undefined) {
      known.messages.push(message);
      return known;
    }
    const lane: Lane = { messages: [message], attempts: 0, isSending: false, cancelPause: undefined };
    this.#lanes.set(key, lane);
    return lane;
  }

  /** Takes it out; returns the lane where others wait in it. */
  remove(message: Tracked): Lane | undefined {
    const key = keyOf(message);
    const lane = this.#lanes.get(key);
    const at = lane?.messages.indexOf(message) ?? -1;
    if (lane === undefined || at < 0) return undefined;
    lane.messages.splice(at, 1);
    if (at === 0) {
      lane.cancelPause?.();
      lane.cancelPause = undefined;
      lane.attempts = 0;
      lane.isSending = false;
    }
    if (lane.messages.length > 0) return lane;
    this.#lanes.delete(key);
    return undefined;
  }

  of(message: Tracked): Lane | undefined {
    return this.#lanes.get(keyOf(message));
  }

  all(): Iterable<Lane> {
    return this.#lanes.values();
  }
}

function keyOf({ stanza }: Tracked): string {
  return stanza.to!.bare.text;
}
