/** A timeline as XML in our namespace. @module */
import type { Outcome } from "../../amp/outcome.ts";
import type { Rule } from "../../amp/rule.ts";
import type { KeptTimeline } from "../../store/store.ts";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { NS } from "../../xmpp/ns.ts";
import { attr, type Markup, xml } from "../../xmpp/xml/xml.ts";
import type { ToldStep } from "./told_steps.ts";

/** A queue that is tried for weeks has many steps: the newest are told. */
const MAX_STEPS = 500;

/** `isPartial`: more may have happened than is told. */
export function timelineMarkup(timeline: KeptTimeline, steps: readonly ToldStep[], isPartial: boolean): Markup {
  const { id, stanza, to, at } = timeline;
  const told = steps.slice(-MAX_STEPS);
  const partial = attr("partial", isPartial || told.length < steps.length ? "true" : undefined);
  return xml`
    <timeline xmlns="${NS.OUTCOMES}" id="${id}"${attr("stanza", stanza)} to="${to}" at="${formatDateTime(at)}"${partial}>
      ${told.map(stepMarkup)}
    </timeline>`;
}

function stepMarkup(step: ToldStep): Markup {
  const head = xml`${attr("kind", step.kind)}${attr("at", formatDateTime(step.at))}`;
  switch (step.kind) {
    case "refused":
      return xml`<step${head}${attr("condition", step.condition)}/>`;
    case "ruled":
      return xml`<step${head}>${ruleMarkup(step.rule)}</step>`;
    case "offered":
      return xml`<step${head}>${step.resources.map((resource) => xml`<resource>${resource}</resource>`)}</step>`;
    case "proved":
      return xml`<step${head}${attr("resource", step.resource)}${attr("by", step.by)}/>`;
    case "handed":
      return xml`<step${head}${attr("to", step.to || undefined)}${attr("attempt", step.attempt)}${attr("answer", step.answer)}/>`;
    case "reported":
      return xml`<step${head}${attr("condition", step.condition)}>${step.rule && ruleMarkup(step.rule)}</step>`;
    case "settled":
      return outcomeMarkup(head, step.outcome);
    default:
      return xml`<step${head}/>`;
  }
}

function outcomeMarkup(head: Markup, outcome: Outcome): Markup {
  const resource = outcome.kind === "direct" && outcome.resource !== "" ? outcome.resource : undefined;
  const condition = outcome.kind === "none" ? outcome.condition : undefined;
  const rule = "rule" in outcome ? outcome.rule : undefined;
  const attributes = xml`${attr("outcome", outcome.kind)}${attr("resource", resource)}${attr("condition", condition)}`;
  return xml`<step${head}${attributes}>${rule && ruleMarkup(rule)}</step>`;
}

function ruleMarkup({ condition, value, action }: Rule): Markup {
  return xml`<rule condition="${condition}" value="${value}" action="${action}"/>`;
}
