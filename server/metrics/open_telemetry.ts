/**
 * The same numbers for OpenTelemetry: observable instruments of the global MeterProvider, read whenever its SDK collects. Without
 * an SDK nothing happens. There is no observable histogram, and recording each value would cost every message an object: a
 * histogram comes as three counters, `_bucket` with the attribute `le`, `_sum` and `_count`, which add up as in Prometheus.
 * @module
 */
import { type BatchObservableResult, type Meter, metrics, type Observable } from "@opentelemetry/api";
import { FAMILIES, type Family, type HistogramFamily, type NumberFamily } from "./families.ts";
import type { Figures } from "./figures.ts";

interface Instruments {
  readonly all: readonly Observable[];
  observe(figures: Figures, result: BatchObservableResult): void;
}

/** Takes the provider that is set by now. Returns what ends it. */
export function observeMetrics(version: string, figures: () => Promise<Figures>): () => void {
  const meter = metrics.getMeter("ampact", version);
  const instruments = FAMILIES.map((family) => instrumentsOf(meter, family));
  const all = instruments.flatMap((each) => each.all);
  const callback = async (result: BatchObservableResult) => {
    const read = await figures();
    for (const each of instruments) each.observe(read, result);
  };
  meter.addBatchObservableCallback(callback, all);
  return () => meter.removeBatchObservableCallback(callback, all);
}

function instrumentsOf(meter: Meter, family: Family): Instruments {
  return family.type === "histogram" ? histogram(meter, family) : number(meter, family);
}

/** OpenTelemetry's names have no `_total`; exporters for Prometheus add it. */
function number(meter: Meter, { name, type, help, unit, read }: NumberFamily): Instruments {
  const options = { description: help, unit };
  const instrument =
    type === "counter"
      ? meter.createObservableCounter(name.replace(/_total$/, ""), options)
      : meter.createObservableGauge(name, options);
  return {
    all: [instrument],
    observe: (figures, result) => {
      for (const { labels, value } of read(figures)) result.observe(instrument, value, labels);
    },
  };
}

function histogram(meter: Meter, { name, help, unit, read }: HistogramFamily): Instruments {
  const bucket = meter.createObservableCounter(`${name}_bucket`, { description: help });
  const sum = meter.createObservableCounter(`${name}_sum`, { description: help, unit });
  const total = meter.createObservableCounter(`${name}_count`, { description: help });
  return {
    all: [bucket, sum, total],
    observe: (figures, result) => {
      for (const { labels, histogram, scale } of read(figures)) {
        let count = 0;
        for (const [at, each] of histogram.counts.entries()) {
          count += each;
          const bound = histogram.bounds[at];
          result.observe(bucket, count, { ...labels, le: bound === undefined ? "+Inf" : String(bound / scale) });
        }
        result.observe(sum, histogram.sum / scale, labels);
        result.observe(total, count, labels);
      }
    },
  };
}
