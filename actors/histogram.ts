/** Counts of values in fixed buckets. @module */

export class Histogram {
  /** Upper bounds, which their buckets include, ascending. */
  readonly bounds: readonly number[];
  /** One more than the bounds: the last bucket has none. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = [...bounds, 0].fill(0);
  }

  add(value: number): void {
    const { bounds } = this;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at++;
    this.counts[at]!++;
    this.sum += value;
  }

  /** The bound that this share of the values does not exceed, 0 without values; undefined: beyond the last bound. */
  quantile(share: number): number | undefined {
    const all = this.counts.reduce((sum, count) => sum + count, 0);
    if (all === 0) return 0;
    let below = 0;
    const at = this.counts.findIndex((count) => {
      below += count;
      return below >= all * share;
    });
    return this.bounds[at];
  }
}
