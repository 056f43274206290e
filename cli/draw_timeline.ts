/** The timeline of a message, drawn as text. @module */
import type { Timeline } from "../outcomes/outcomes.ts";
import type { Step } from "../outcomes/step.ts";
import { describeOutcome, ruleText } from "./describe_explanation.ts";

export function drawTimeline({ id, key, stanza, from, to, at, steps, outcome }: Timeline): readonly string[] {
  const drawn = steps.map((step) => ({ time: `${step.at < at ? "" : "+"}${lengthText(step.at - at)}`, step }));
  const width = Math.max(0, ...drawn.map(({ time }) => time.length));
  const lines = drawn.map(({ time, step }) =>
    `${time.padEnd(width)}  ${step.kind.padEnd(9)} ${detailOf(step)}`.trimEnd(),
  );
  return [
    `message  ${id}`,
    ...(key === undefined ? [] : [`key      ${key}`]),
    ...(stanza === undefined ? [] : [`stanza   ${stanza}`]),
    `from     ${from}`,
    `to       ${to}`,
    `at       ${new Date(at).toISOString()}`,
    ...lines.map((line, index) => `${outcome !== undefined && index === lines.length - 1 ? "└─" : "├─"} ${line}`),
    ...(outcome === undefined ? ["┆  not settled: it is under way, or waits"] : []),
  ];
}

function detailOf(step: Step): string {
  switch (step.kind) {
    case "refused":
      return step.condition;
    case "ruled":
      return ruleText(step.rule);
    case "offered":
      return step.resources.join(", ");
    case "proved":
      return `${step.resource}, by ${step.by}`;
    case "handed":
      return [step.to, ...(step.attempt === undefined ? [] : [`attempt ${step.attempt}`]), step.answer ?? ""]
        .filter((text) => text !== "")
        .join(", ");
    case "reported":
      return [step.rule === undefined ? "" : ruleText(step.rule), step.condition ?? ""]
        .filter((text) => text !== "")
        .join(", ");
    case "settled":
      return describeOutcome(step.outcome);
    default:
      return "";
  }
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Two units at most. A clock that was set back makes it negative. */
export function lengthText(ms: number): string {
  if (ms < 0) return `-${lengthText(-ms)}`;
  if (ms < SECOND) return `${ms} ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(3)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / SECOND)} s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`;
  return `${Math.floor(ms / DAY)} d ${Math.floor((ms % DAY) / HOUR)} h`;
}
