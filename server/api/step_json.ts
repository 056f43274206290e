/** A step as JSON. @module */
import type { TimedStep } from "../../outcomes/outcomes.ts";
import type { Cursors } from "./cursors.ts";

export function stepJson(step: TimedStep, cursors: Cursors): object {
  return { ...step, at: timeText(step.at), cursor: cursors.write(step.cursor) };
}

export function timeText(at: number): string {
  return new Date(at).toISOString();
}
