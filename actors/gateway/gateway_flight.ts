/** A message that waits for a gateway's answer, and the lanes in which they wait. @module */
import type { Met } from "../../amp/evaluate.ts";
import type { Outcome } from "../../amp/outcome.ts";
import { decodeState, type RuleState } from "../../amp/rule_state.ts";
import type { PendingMessage } from "../../store/store.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import type { ReplyTo } from "../address.ts";
import type { DueEvent } from "../delivery/due_event.ts";

export interface GatewayFlight {
  readonly seq: number;
  readonly stanza: Stanza;
  rules: RuleState | undefined;
  replyTo: ReplyTo | undefined;
  /** `committing`: not yet in the log. `ending`: the commit decides. */
  phase: "committing" | "waiting" | "sending" | "ending";
  /** Its row is in the log. */
  isKept: boolean;
  attempts: number;
  /** The `notify` rule that fires when the gateway accepts. */
  onAccepted: Met | undefined;
  ending: GatewayEnding | undefined;
}

/** What is told when the row is gone. */
export interface GatewayEnding {
  readonly event: DueEvent | undefined;
  readonly error: Stanza | undefined;
  readonly outcome: Outcome;
}

/** As the store has kept it. */
export function flightFromRow({ seq, text, rules }: PendingMessage): GatewayFlight {
  const flight = flightOf(seq, Stanza.parse(text), rules === undefined ? undefined : decodeState(rules));
  return { ...flight, isKept: true };
}

export function flightOf(seq: number, stanza: Stanza, rules: RuleState | undefined): GatewayFlight {
  return {
    seq,
    stanza,
    rules,
    replyTo: undefined,
    phase: "waiting",
    isKept: false,
    attempts: 0,
    onAccepted: undefined,
    ending: undefined,
  };
}

/** Messages to one address, in order: the first is under way. */
export interface Lane {
  readonly flights: GatewayFlight[];
  /** The first waits for its next attempt. */
  cancelPause: (() => void) | undefined;
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  add(flight: GatewayFlight): Lane {
    const key = flight.stanza.to!.bare.text;
    const known = this.#lanes.get(key);
    if (known !== undefined) {
      known.flights.push(flight);
      return known;
    }
    const lane: Lane = { flights: [flight], cancelPause: undefined };
    this.#lanes.set(key, lane);
    return lane;
  }

  /** Takes it out; returns the lane where others wait in it. */
  remove(flight: GatewayFlight): Lane | undefined {
    const key = flight.stanza.to!.bare.text;
    const lane = this.#lanes.get(key);
    const at = lane?.flights.indexOf(flight) ?? -1;
    if (lane === undefined || at < 0) return undefined;
    lane.flights.splice(at, 1);
    if (at === 0) {
      lane.cancelPause?.();
      lane.cancelPause = undefined;
    }
    if (lane.flights.length > 0) return lane;
    this.#lanes.delete(key);
    return undefined;
  }

  of(flight: GatewayFlight): Lane | undefined {
    return this.#lanes.get(flight.stanza.to!.bare.text);
  }

  all(): Iterable<Lane> {
    return this.#lanes.values();
  }
}
