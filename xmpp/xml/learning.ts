/** In UTF-16 units: what is longer is read each time, so that little is kept of what clients send. */
const MAX_LENGTH = 512;
/** As many are let pass at most before the next is learnt, where what was learnt has not helped. */
const MAX_PAUSE = 255;

/** When something is to be learnt anew: the less often, the less that has helped. */
export class Learning {
  #pause = 0;
  #passed = 0;

  /** What was learnt was of use. */
  helped(): void {
    this.#pause = 0;
    this.#passed = 0;
  }

  /** Something of this length came of which nothing was known. Whether it should be learnt. */
  wants(length: number): boolean {
    if (length > MAX_LENGTH || this.#passed++ < this.#pause) return false;
    this.#passed = 0;
    this.#pause = Math.min(2 * this.#pause + 1, MAX_PAUSE);
    return true;
  }
}
