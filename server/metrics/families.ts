/** Every metric, once: its name, its meaning, and where its value comes from. Names and units as Prometheus has them. @module */
import type { Histogram } from "../../actors/histogram.ts";
import { seqTime } from "../../store/sequence.ts";
import { objectiveName } from "../objectives/objective_setting.ts";
import type { ObjectiveReading } from "../objectives/objective_watch.ts";
import type { Figures } from "./figures.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: Labels;
  readonly histogram: Histogram;
  /** Of the unit that the metric has in that of the histogram. */
  readonly scale: number;
}

/** `unit` as UCUM writes it, for OpenTelemetry. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly unit: string;
}

export interface NumberFamily extends Described {
  readonly type: "counter" | "gauge";
  read(figures: Figures): readonly Sample[];
}

export interface HistogramFamily extends Described {
  readonly type: "histogram";
  read(figures: Figures): readonly HistogramSample[];
}

export type Family = NumberFamily | HistogramFamily;

const NO_LABELS: Labels = {};
const MS = 1000;

export const FAMILIES: readonly Family[] = [
  {
    name: "ampact_outcomes_total",
    type: "counter",
    unit: "{outcome}",
    help: "Outcomes that messages have reached; a stored message reaches another one later.",
    read: ({ meters }) => labelled("kind", meters.outcomes),
  },
  {
    name: "ampact_refusals_total",
    type: "counter",
    unit: "{stanza}",
    help: "Stanzas that the server answered with an error, by its condition (RFC 6120 section 8.3.3).",
    read: ({ meters }) => labelled("condition", meters.refusals),
  },
  {
    name: "ampact_proof_seconds",
    type: "histogram",
    unit: "s",
    help: "From the arrival of a message until a device has proved receipt. direct: offered at once; stored: from storage.",
    read: ({ meters }) => [
      { labels: { source: "direct" }, histogram: meters.proofs.direct, scale: MS },
      { labels: { source: "stored" }, histogram: meters.proofs.stored, scale: MS },
    ],
  },
  {
    name: "ampact_commit_seconds",
    type: "histogram",
    unit: "s",
    help: "From the arrival of a message until the commit of its row.",
    read: ({ meters }) => [{ labels: NO_LABELS, histogram: meters.commits, scale: MS }],
  },
  {
    name: "ampact_store_batch_seconds",
    type: "histogram",
    unit: "s",
    help: "Time of the transactions that were committed.",
    read: ({ meters }) => [{ labels: NO_LABELS, histogram: meters.batchMs, scale: MS }],
  },
  {
    name: "ampact_store_batch_writes",
    type: "histogram",
    unit: "{write}",
    help: "Rows and other writes in each transaction that was committed.",
    read: ({ meters }) => [{ labels: NO_LABELS, histogram: meters.batchWrites, scale: 1 }],
  },
  {
    name: "ampact_store_failed_batches_total",
    type: "counter",
    unit: "{transaction}",
    help: "Transactions that could not be committed.",
    read: ({ meters }) => alone(meters.failedBatches),
  },
  {
    name: "ampact_waiting_messages",
    type: "gauge",
    unit: "{message}",
    help: "Messages in storage that wait for their recipient or for a gateway.",
    read: ({ waiting }) => (waiting === undefined ? [] : alone(waiting.messages)),
  },
  {
    name: "ampact_oldest_waiting_seconds",
    type: "gauge",
    unit: "s",
    help: "Age of the oldest message that waits; 0: none does.",
    read: ({ waiting, now }) => (waiting === undefined ? [] : alone(ageOf(waiting.oldest, now) / MS)),
  },
  {
    name: "ampact_deadlines_due",
    type: "gauge",
    unit: "{deadline}",
    help: "Deadlines of waiting messages that have passed and are not carried out yet.",
    read: ({ waiting }) => (waiting === undefined ? [] : alone(waiting.due)),
  },
  {
    name: "ampact_hop_attempts_total",
    type: "counter",
    unit: "{attempt}",
    help: "Attempts to hand a message to a gateway. failed: no answer, tried again.",
    read: ({ meters }) => labelled("result", meters.attempts),
  },
  {
    name: "ampact_sessions",
    type: "gauge",
    unit: "{session}",
    help: "Bound sessions. detached: without a connection, until they are resumed or given up.",
    read: ({ census }) => labelled("transport", census.sessions),
  },
  {
    name: "ampact_logins_total",
    type: "counter",
    unit: "{login}",
    help: "Logins by SASL mechanism and result: success, or the condition of the failure (RFC 6120 section 6.5).",
    read: ({ meters }) =>
      [...meters.logins].flatMap(([mechanism, results]) =>
        [...results].map(([result, value]) => ({ labels: { mechanism, result }, value })),
      ),
  },
  {
    name: "ampact_mailbox_length",
    type: "gauge",
    unit: "{letter}",
    help: "Letters in the longest mailbox of each kind of actor.",
    read: ({ census }) => labelled("actor", census.mailboxes),
  },
  {
    name: "ampact_objective_messages_total",
    type: "counter",
    unit: "{message}",
    help: "Messages of a delivery objective that were proved received in time, or missed it.",
    read: ({ objectives }) => ofObjectives(objectives, ({ messages }) => messages),
  },
  {
    name: "ampact_objective_missed_total",
    type: "counter",
    unit: "{message}",
    help: "Messages of a delivery objective that were not proved received in time.",
    read: ({ objectives }) => ofObjectives(objectives, ({ missed }) => missed),
  },
  {
    name: "ampact_objective_budget_ratio",
    type: "gauge",
    unit: "1",
    help: "The part of the budget of thirty days that a delivery objective has left; below 0: it is overdrawn.",
    read: ({ objectives }) => ofObjectives(objectives, ({ budgetLeft }) => budgetLeft),
  },
  {
    name: "ampact_objective_burn_rate",
    type: "gauge",
    unit: "1",
    help: "How fast a delivery objective uses its budget up, by window; 1: in thirty days.",
    read: ({ objectives }) =>
      objectives.flatMap(({ objective, burnRates }) =>
        burnRates.map(({ minutes, rate }) => ({
          labels: { objective: objectiveName(objective), window: `${minutes}m` },
          value: rate,
        })),
      ),
  },
  {
    name: "ampact_event_loop_delay_seconds",
    type: "histogram",
    unit: "s",
    help: "How late a timer of the event loop is, ten times a second.",
    read: ({ loopDelay }) => [{ labels: NO_LABELS, histogram: loopDelay, scale: MS }],
  },
  {
    name: "ampact_ready",
    type: "gauge",
    unit: "1",
    help: "1: the server has started and its last transaction was committed; 0 otherwise.",
    read: ({ isReady }) => alone(isReady ? 1 : 0),
  },
  {
    name: "ampact_resident_memory_bytes",
    type: "gauge",
    unit: "By",
    help: "Memory of the process.",
    read: ({ residentBytes }) => alone(residentBytes),
  },
];

function alone(value: number): readonly Sample[] {
  return [{ labels: NO_LABELS, value }];
}

function ofObjectives(
  objectives: readonly ObjectiveReading[],
  value: (reading: ObjectiveReading) => number,
): readonly Sample[] {
  return objectives.map((reading) => ({
    labels: { objective: objectiveName(reading.objective) },
    value: value(reading),
  }));
}

function labelled(label: string, counts: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

function ageOf(oldest: number | undefined, now: number): number {
  return oldest === undefined ? 0 : Math.max(0, now - seqTime(oldest));
}
