import { decodeState } from "../../amp/rule_state.ts";
import type { PendingMessage } from "../../store/store.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { InFlight } from "./in_flight.ts";

/** A message as the store has kept it for its recipient. */
export function fromRow(row: PendingMessage): InFlight {
  const stanza = Stanza.parse(row.text);
  const notice = stanza.from?.local === "" && stanza.has("amp", NS.AMP);
  const rules = row.rules === undefined ? undefined : decodeState(row.rules);
  const flight = new InFlight({ receipt: undefined, notice, via: [] }, row.seq, stanza, rules, "live");
  flight.log = "durable";
  flight.waits = true;
  flight.archived = row.archived;
  flight.kept = row.archived;
  flight.counted = true;
  return flight;
}
