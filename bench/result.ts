/** What a case has found. @module */

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A picture of how a figure grows: x is on a logarithmic scale unless `linear`. */
export interface Chart {
  /** The picture's file, without its ending. */
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly linear?: boolean;
  readonly series: readonly Series[];
}

export interface CaseResult {
  readonly figures: readonly Figure[];
  readonly charts?: readonly Chart[];
  /** The case whose first figure is what the first one here is to be compared with. */
  readonly against?: string;
}

export type Results = Readonly<Record<string, CaseResult>>;

/** The first figure as a multiple of the one that it is compared with; undefined where that was not measured. */
export function ratioOf(name: string, results: Results): number | undefined {
  const { figures, against } = results[name] ?? { figures: [] };
  const [own, other] = [figures[0]?.value, results[against ?? ""]?.figures[0]?.value];
  return own === undefined || !other ? undefined : own / other;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A count as it is read: `10,000`. */
export function counted(value: number): string {
  return value.toLocaleString("en-US");
}
