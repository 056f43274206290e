/** Moves one message by one event. Pure: the same flight, event and terms give the same step. @module */
import type { Event, Flight, Step, Terms } from "./flight.ts";
import { onCommitted, onDone, onRefused } from "./on_commit.ts";
import { onDue } from "./on_deadline.ts";
import { onAnswered, onHeldUp, onTurnedAway } from "./on_hop.ts";
import { onProof } from "./on_proof.ts";
import { onGivenUp, onLost, onPlanned } from "./on_session_end.ts";
import { onRead, onShared } from "./on_share.ts";

export function step(flight: Flight, event: Event, terms: Terms): Step {
  switch (event.kind) {
    case "proved":
      return onProof(flight, event, terms);
    case "lost":
      return onLost(flight, event, terms);
    case "shared":
      return onShared(flight, event);
    case "read":
      return onRead(flight);
    case "given-up":
      return onGivenUp(flight);
    case "planned":
      return onPlanned(flight, event, terms);
    case "committed":
      return onCommitted(flight);
    case "refused":
      return onRefused(flight, event);
    case "done":
      return onDone(flight, event);
    case "answered":
      return onAnswered(flight, event, terms);
    case "held-up":
      return onHeldUp(flight, terms);
    case "turned-away":
      return onTurnedAway(flight, terms);
    case "due":
      return onDue(flight, event, terms);
    default:
      return event satisfies never;
  }
}
