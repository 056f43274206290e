/** Events that wait for one webhook: those of one message go one after the other, so many messages at a time. @module */
import type { FollowedStep } from "../../outcomes/outcomes.ts";

export interface WaitingEvent {
  readonly step: FollowedStep;
  /** Milliseconds since 1970, of the first attempt that failed. */
  failingSince: number | undefined;
}

export interface EventLane {
  /** The first is under way, or waits for its turn. */
  readonly events: WaitingEvent[];
  /** Of the first, that failed. */
  attempts: number;
  /** The first waits for its next attempt. */
  cancelPause: (() => void) | undefined;
}

export class EventLanes {
  readonly #atOnce: number;
  readonly #begin: (lane: EventLane) => void;
  readonly #lanes = new Map<string, EventLane>();
  #ready: EventLane[] = [];
  #running = 0;
  #size = 0;

  /** `begin`: makes an attempt of the first event, and calls over(). */
  constructor(atOnce: number, begin: (lane: EventLane) => void) {
    this.#atOnce = atOnce;
    this.#begin = begin;
  }

  get size(): number {
    return this.#size;
  }

  *waiting(): Iterable<WaitingEvent> {
    for (const { events } of this.#lanes.values()) yield* events;
  }

  add(event: WaitingEvent): void {
    this.#size++;
    const known = this.#lanes.get(event.step.message);
    if (known !== undefined) {
      known.events.push(event);
      return;
    }
    const lane: EventLane = { events: [event], attempts: 0, cancelPause: undefined };
    this.#lanes.set(event.step.message, lane);
    this.ready(lane);
  }

  /** Its first event may be tried. */
  ready(lane: EventLane): void {
    lane.cancelPause = undefined;
    this.#ready.push(lane);
    this.#pump();
  }

  /** An attempt has ended. */
  over(): void {
    this.#running--;
    this.#pump();
  }

  /** Takes its first event out, and goes on with the next. */
  shift(lane: EventLane): void {
    const { message } = lane.events.shift()!.step;
    this.#size--;
    lane.attempts = 0;
    if (lane.events.length === 0) this.#lanes.delete(message);
    else this.ready(lane);
  }

  /** Nothing is begun any more. */
  stop(): void {
    for (const { cancelPause } of this.#lanes.values()) cancelPause?.();
    this.#running = Number.POSITIVE_INFINITY;
  }

  #pump(): void {
    while (this.#running < this.#atOnce && this.#ready.length > 0) {
      this.#running++;
      this.#begin(this.#ready.shift()!);
    }
  }
}
