/**
 * The timelines of tracked messages, on their way to the store. What is told of a tracked message is told after the commit of the
 * steps that say so.
 * @module
 */
import { type Step, writeStep } from "../outcomes/step.ts";
import type { NewStep, NewTimeline, StoreCall, StoreFault, StoreReply } from "../store/store.ts";
import type { Log } from "../xmpp/log.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { ActorRef } from "./runtime/mailbox.ts";
import type { TurnEnd } from "./runtime/scheduler.ts";
import type { StoreMessage } from "./store_letter.ts";

/** Which messages have a timeline: those with rules and those of the application, all, or none. */
export type Tracking = "asked" | "all" | "none";

export interface TimelinesStart {
  readonly tracking: Tracking;
  readonly log: Log;
  readonly store: () => ActorRef<StoreMessage>;
  now(): number;
  newId(): string;
  /** Tells of the end of the current turn. */
  atTurnEnd(waiting: TurnEnd): void;
  /** Tells the other processes that steps were committed. */
  tellOthers(): void;
}

/** Whether the commit waits for company, goes at once, or goes at once with all that waits for company. */
type Haste = "ages" | "alone" | "all";

export function timelineOf({ id: stanza, from, to }: Stanza, id: string, at: number): NewTimeline {
  return { id, stanza, from: from!.text, to: to!.text, at };
}

function newStep(timeline: string, at: number, step: Step): NewStep {
  const { kind, detail, settles } = writeStep(step);
  return { timeline, at, kind, detail, settles };
}

export class Timelines implements TurnEnd {
  readonly #start: TimelinesStart;
  /** Of this turn: one letter takes them to the store. */
  #opened: NewTimeline[] = [];
  #steps: NewStep[] = [];
  /** Committed together with the steps that tell of them. */
  #calls: StoreCall[] = [];
  #told: ((isKept: boolean) => void)[] = [];
  #waits = false;
  #isPlanned = false;
  #waiting: (() => void)[] = [];

  constructor(start: TimelinesStart) {
    this.#start = start;
  }

  /** `isAsked`: the message has rules, or comes from the application. */
  tracks(isAsked: boolean): boolean {
    const { tracking } = this.#start;
    return tracking === "all" || (tracking === "asked" && isAsked);
  }

  /** Opens the timeline of a message, under a new id unless it is given; returns the id. */
  open(stanza: Stanza, id: string = this.#start.newId()): string {
    this.#opened.push(timelineOf(stanza, id, this.#start.now()));
    this.#plan();
    return id;
  }

  /** The steps as a call, for a transaction that makes them true. */
  callOf(timeline: string, steps: readonly Step[]): StoreCall {
    this.flush();
    const at = this.#start.now();
    return ["noteSteps", steps.map((step) => newStep(timeline, at, step))];
  }

  /**
   * Notes steps that are true already. `told`: what follows their commit, or their loss, which the log tells of; `waits`: somebody
   * waits for it.
   */
  note(timeline: string, steps: readonly Step[], told?: (isKept: boolean) => void, waits = false): void {
    const at = this.#start.now();
    for (const step of steps) this.#steps.push(newStep(timeline, at, step));
    if (told !== undefined) this.#told.push(told);
    if (waits) this.#waits = true;
    this.#plan();
  }

  /** The same for what is written with the steps that were noted last; somebody waits for it. */
  along(calls: readonly StoreCall[], told: (isKept: boolean) => void): void {
    this.#calls.push(...calls);
    this.#told.push(told);
    this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#start.atTurnEnd(this);
  }

  turnEnded(): void {
    this.#isPlanned = false;
    this.flush();
  }

  /** To the store now: what is told to it next must not be committed before. */
  flush(): void {
    if (this.#opened.length === 0 && this.#steps.length === 0 && this.#told.length === 0) return;
    const [opened, steps, along, told, waits] = [this.#opened, this.#steps, this.#calls, this.#told, this.#waits];
    [this.#opened, this.#steps, this.#calls, this.#told, this.#waits] = [[], [], [], [], false];
    const calls: StoreCall[] = opened.map((timeline) => ["openTimeline", timeline]);
    calls.push(...along);
    if (steps.length > 0) calls.push(["noteSteps", steps]);
    const tellAll = (isKept: boolean) => {
      for (const tell of told) tell(isKept);
    };
    this.#write(calls, tellAll, waits ? "all" : along.length > 0 ? "alone" : "ages");
  }

  /** Steps were committed here: who follows may read them. */
  committed(): void {
    this.#start.tellOthers();
    this.changedElsewhere();
  }

  /** Another process has committed steps. */
  changedElsewhere(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  /** Resolves at the next commit of steps, or when the signal is aborted. */
  changed(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      // A signal may outlive any number of commits.
      const go = () => {
        signal?.removeEventListener("abort", go);
        resolve();
      };
      this.#waiting.push(go);
      signal?.addEventListener("abort", go, { once: true });
    });
  }

  #write(calls: readonly StoreCall[], done: (isKept: boolean) => void, haste: Haste): void {
    const { store, log } = this.#start;
    const failed = (fault: StoreFault) => {
      log.error("cannot keep steps of a message", { fault: fault.kind, message: fault.message });
      done(false);
    };
    const written = () => {
      done(true);
      this.committed();
    };
    const resolve = (replies: readonly StoreReply[]) => {
      for (const reply of replies) if ("fault" in reply) return failed(reply.fault);
      written();
    };
    store().tell({ kind: "calls", calls, ages: haste === "ages", alone: haste === "alone", resolve, reject: failed });
  }
}
