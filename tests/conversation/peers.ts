/** Several processes in one: every letter between them is written down, and arrives in a later turn of the event loop. @module */
import type { Peers } from "../../actors/peers.ts";
import type { Jid } from "../../xmpp/jid.ts";

export class PeerNetwork {
  readonly #count: number;
  readonly #takers: ((frame: string) => void)[] = [];
  /** Frames that were carried, for tests that count. */
  carried = 0;

  constructor(count: number) {
    this.#count = count;
  }

  peers(own: number): Peers {
    return {
      own,
      count: this.#count,
      ownerOf: (jid: Jid) => placeOf(jid.text, this.#count),
      carry: (process, frame) => {
        this.carried++;
        setImmediate(() => this.#takers[process]?.(frame));
      },
      listen: (take) => {
        this.#takers[own] = take;
      },
    };
  }
}

/** The same place for the same name. */
export function placeOf(name: string, count: number): number {
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = (hash * 31 + name.charCodeAt(at)) >>> 0;
  return hash % count;
}
