import type { Stanza } from "../../xmpp/stanza.ts";

/** An event on its way to the sender. It lies in the log, waiting for its receiver, under `seq`; 0: it does not. */
export interface DueEvent {
  readonly stanza: Stanza;
  readonly seq: number;
}
