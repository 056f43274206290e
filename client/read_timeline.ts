/** The reader of `<timeline xmlns="urn:ampact:outcomes:0"/>`. @module */
import type { ReportedRule } from "./amp_reply.ts";
import type { MessageOutcome, MessageStep, MessageTimeline, StepKind } from "./message_timeline.ts";
import type { ReplyElement } from "./reply_element.ts";

export function readTimeline({ attributes, children }: ReplyElement): MessageTimeline {
  const steps = children.filter(({ name }) => name === "step").map(readStep);
  return {
    id: attributes.id ?? "",
    stanza: attributes.stanza,
    to: attributes.to ?? "",
    at: new Date(attributes.at ?? ""),
    steps,
    outcome: steps.at(-1)?.outcome,
    isPartial: attributes.partial === "true",
  };
}

/** Members that are not there are left out. */
function readStep({ attributes, children }: ReplyElement): MessageStep {
  const { kind, at, outcome, attempt, resource, by, to, answer, condition } = attributes;
  const rule = children.find(({ name }) => name === "rule");
  const resources = children.filter(({ name }) => name === "resource").map(({ text }) => text);
  const quoted = rule && readRule(rule);
  if (outcome !== undefined) {
    const end = { kind: outcome as MessageOutcome["kind"], ...given({ resource, condition, rule: quoted }) };
    return { kind: kind as StepKind, at: new Date(at ?? ""), outcome: end };
  }
  return {
    kind: kind as StepKind,
    at: new Date(at ?? ""),
    ...given({ resource, by, to, answer, condition, rule: quoted }),
    ...(resources.length > 0 && { resources }),
    ...(attempt !== undefined && { attempt: Number(attempt) }),
  };
}

function readRule({ attributes: { condition = "", value = "", action = "" } }: ReplyElement): ReportedRule {
  return { condition, value, action };
}

type Given<Members> = { [Name in keyof Members]?: Exclude<Members[Name], undefined> };

function given<Members extends object>(members: Members): Given<Members> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<Members>;
}
