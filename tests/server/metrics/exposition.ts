/** A strict reader of Prometheus' text format 0.0.4. Throws where a line is not as the format has it. @module */

export interface Scrape {
  /** Name by name, its type. */
  readonly types: ReadonlyMap<string, string>;
  /** By name and labels as written: `ampact_sessions{transport="tcp"}`. */
  readonly samples: ReadonlyMap<string, number>;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\\\\\|\\\\n)+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\]|\\\\\\\\|\\\\"|\\\\n)*"';
const SAMPLE = new RegExp(`^(${NAME})(\\{${LABEL}(?:,${LABEL})*\\})? (\\+Inf|-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`);

export function parseExposition(text: string): Scrape {
  if (!text.endsWith("\n")) throw new Error("Cannot read metrics: the last line has no end");
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  let helped = "";
  let family = "";
  for (const line of text.slice(0, -1).split("\n")) {
    if (line.startsWith("# HELP ")) {
      helped = matched(HELP, line)[1]!;
      if (types.has(helped)) throw new Error(`Cannot read metrics: ${helped} comes twice`);
    } else if (line.startsWith("# TYPE ")) {
      const [, name, type] = matched(TYPE, line);
      if (name !== helped) throw new Error(`Cannot read metrics: ${name} has no help`);
      family = name!;
      types.set(family, type!);
    } else {
      const [, name, labels = "", value] = matched(SAMPLE, line);
      const isOwn = types.get(family) === "histogram" ? /^(.*)_(bucket|sum|count)$/.exec(name!)?.[1] : name;
      if (isOwn !== family) throw new Error(`Cannot read metrics: ${line} stands under ${family}`);
      if (samples.has(name! + labels)) throw new Error(`Cannot read metrics: ${line} comes twice`);
      samples.set(name! + labels, value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value));
    }
  }
  checkHistograms(types, samples);
  return { types, samples };
}

function matched(pattern: RegExp, line: string): RegExpExecArray {
  const match = pattern.exec(line);
  if (match === null) throw new Error(`Cannot read metrics: ${line}`);
  return match;
}

/** Buckets never fall, and the last one is the count. */
function checkHistograms(types: Scrape["types"], samples: Scrape["samples"]): void {
  const last = new Map<string, number>();
  for (const [key, value] of samples) {
    const bucket = /^(.*)_bucket\{(.*?),?le="([^"]*)"\}$/.exec(key);
    if (bucket === null || types.get(bucket[1]!) !== "histogram") continue;
    const series = bucket[2] === "" ? `${bucket[1]}_count` : `${bucket[1]}_count{${bucket[2]}}`;
    if (value < (last.get(series) ?? 0)) throw new Error(`Cannot read metrics: ${key} falls`);
    last.set(series, value);
    if (bucket[3] === "+Inf" && samples.get(series) !== value)
      throw new Error(`Cannot read metrics: ${series} is not ${value}`);
  }
}

export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(`${url}/metrics`);
  if (response.status !== 200) throw new Error(`Cannot read metrics: ${response.status}`);
  if (response.headers.get("content-type") !== "text/plain; version=0.0.4; charset=utf-8") {
    throw new Error(`Cannot read metrics: ${response.headers.get("content-type")}`);
  }
  return parseExposition(await response.text());
}
