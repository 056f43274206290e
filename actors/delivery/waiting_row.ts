import { decodeState } from "../../amp/rule_state.ts";
import type { PendingMessage } from "../../store/store.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import type { InFlight } from "./in_flight.ts";

/** A message as the store has kept it for its recipient. */
export function fromRow(row: PendingMessage): InFlight {
  const stanza = Stanza.parse(row.text);
  return {
    seq: row.seq,
    stanza,
    rules: row.rules === undefined ? undefined : decodeState(row.rules),
    receipt: undefined,
    notice: stanza.from?.local === "" && stanza.has("amp", NS.AMP),
    via: [],
    log: "durable",
    waits: true,
    archived: row.archived,
    kept: row.archived,
    counted: true,
    phase: "live",
    targets: [],
    onProof: undefined,
    ending: undefined,
  };
}
