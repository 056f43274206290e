/** How a message that delivery is answerable for comes to rest or to its end. @module */
import type { Outcome } from "../../amp/outcome.ts";
import type { Stanza } from "../../xmpp/stanza.ts";

/** An event on its way to the sender. It lies in the log, waiting for its receiver, under `seq`; 0: it does not. */
export interface DueEvent {
  readonly stanza: Stanza;
  readonly seq: number;
}

/** Calls to the store that rest or end a message; what is told of it is told after their commit. */
export interface Ending {
  /** `rest`: it waits in storage from then on. `end`: it is gone. */
  readonly kind: "rest" | "end";
  readonly event: DueEvent | undefined;
  readonly outcome: Outcome;
  /** The message's own row goes into the log with these calls; otherwise it is, or should be, there before. */
  readonly hasRow?: boolean;
}
