/** Pings whose answers prove what was sent before them: XEP-0199. An answer may come on another stream than the one that was asked. @module */
import type { Stanza } from "../../xmpp/stanza.ts";

interface Ping {
  readonly from: string;
  readonly to: string;
  readonly answered: () => void;
}

export class PingRegister {
  readonly #pings = new Map<string, Ping>();

  /** `id` is not to be guessed. */
  add(id: string, ping: Ping): void {
    this.#pings.set(id, ping);
  }

  remove(id: string): void {
    this.#pings.delete(id);
  }

  /** Whether the stanza is such an answer; an error is one too, since it tells that the ping has come that far. */
  takes({ name, type, id, from, to }: Stanza): boolean {
    if (name !== "iq" || (type !== "result" && type !== "error") || id === undefined) return false;
    const ping = this.#pings.get(id);
    if (ping === undefined || from?.text !== ping.to || to?.text !== ping.from) return false;
    this.#pings.delete(id);
    ping.answered();
    return true;
  }
}
