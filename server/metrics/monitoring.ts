/** The parts of this folder, joined: what a server needs to be watched. @module */
import { type Census, EMPTY } from "../../actors/census.ts";
import type { Meters } from "../../actors/meters.ts";
import type { WaitingSummary } from "../../store/store.ts";
import type { Log } from "../../xmpp/log.ts";
import type { ObjectiveReading } from "../objectives/objective_watch.ts";
import type { Figures } from "./figures.ts";
import type { Schedule } from "./in_time.ts";
import { LoopDelay } from "./loop_delay.ts";
import { observeMetrics } from "./open_telemetry.ts";
import { Readiness } from "./readiness.ts";
import { type ServerStatus, waitingStatus } from "./server_status.ts";
import { WaitingReading } from "./waiting_reading.ts";

/** The running server. */
export interface WatchedSystem {
  census(): Census;
  waitingSummary(): Promise<WaitingSummary>;
  probeStore(): Promise<void>;
}

export interface MonitoringStart {
  readonly meters: Meters;
  readonly log: Log;
  readonly schedule: Schedule;
  readonly version: string;
  now(): number;
  objectives(): readonly ObjectiveReading[];
}

export class Monitoring {
  readonly readiness: Readiness;
  readonly #start: MonitoringStart;
  readonly #loopDelay = new LoopDelay();
  readonly #waiting: WaitingReading;
  #system: WatchedSystem | undefined;
  #since = 0;
  #isStopping = false;
  #endObserving: (() => void) | undefined;

  constructor(start: MonitoringStart) {
    this.#start = start;
    const running = () => {
      if (this.#system === undefined) throw new Error("Cannot watch server: it is not started");
      return this.#system;
    };
    this.#waiting = new WaitingReading({ ...start, read: async () => await running().waitingSummary() });
    this.readiness = new Readiness({
      ...start,
      phase: () => (this.#isStopping ? "stopping" : this.#system === undefined ? "not started" : "serving"),
      probe: async () => await running().probeStore(),
    });
  }

  /** The server serves from now on. */
  started(system: WatchedSystem): void {
    this.#isStopping = false;
    this.#system = system;
    this.#since = this.#start.now();
    this.#waiting.forget();
    this.#loopDelay.start();
    this.#endObserving = observeMetrics(this.#start.version, () => this.figures());
  }

  /** It begins to stop. */
  stopping(): void {
    this.#isStopping = true;
    this.#loopDelay.stop();
    this.#endObserving?.();
    this.#endObserving = undefined;
  }

  stopped(): void {
    this.#isStopping = false;
    this.#system = undefined;
  }

  async status(): Promise<ServerStatus> {
    const { version } = this.#start;
    const state = await this.readiness.check();
    const { census, waiting, loopDelay, residentBytes, now } = await this.figures();
    return {
      version,
      state,
      ...(this.#system !== undefined && { since: this.#since }),
      at: now,
      sessions: census.sessions,
      ...(waiting !== undefined && { waiting: waitingStatus(waiting) }),
      loopDelayMs: loopDelay.quantile(0.99),
      residentBytes,
    };
  }

  async figures(): Promise<Figures> {
    const { meters, now } = this.#start;
    const isThere = this.#system !== undefined && !this.#isStopping;
    const waiting = isThere ? await this.#waiting.latest() : undefined;
    return {
      meters,
      objectives: this.#start.objectives(),
      census: this.#system?.census() ?? EMPTY,
      waiting,
      loopDelay: this.#loopDelay.histogram,
      isReady: this.readiness.isReady,
      residentBytes: process.memoryUsage().rss,
      now: now(),
    };
  }
}
