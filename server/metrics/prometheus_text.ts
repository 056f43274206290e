/** The text format 0.0.4 of Prometheus. @module */
import type { Family, HistogramSample, Labels } from "./families.ts";
import type { Figures } from "./figures.ts";

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A family without samples is left out. */
export function prometheusText(families: readonly Family[], figures: Figures): string {
  return families.map((family) => familyText(family, figures)).join("");
}

function familyText(family: Family, figures: Figures): string {
  const { name, type } = family;
  const lines =
    family.type === "histogram"
      ? family.read(figures).flatMap((sample) => histogramLines(name, sample))
      : family.read(figures).map(({ labels, value }) => line(name, labels, value));
  if (lines.length === 0) return "";
  return [`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

function histogramLines(name: string, { labels, histogram, scale }: HistogramSample): string[] {
  const { bounds, counts, sum } = histogram;
  let count = 0;
  const buckets = counts.map((each, at) => {
    count += each;
    const le = at < bounds.length ? bounds[at]! / scale : Number.POSITIVE_INFINITY;
    return line(`${name}_bucket`, { ...labels, le: numberText(le) }, count);
  });
  return [...buckets, line(`${name}_sum`, labels, sum / scale), line(`${name}_count`, labels, count)];
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${numberText(value)}`;
}

/** As Go reads it. */
function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
