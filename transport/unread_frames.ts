/** How many UTF-16 units of a client's frames may wait while it is not to be read, and what a frame weighs beside its text. */
const MOST_UNITS = 4 * 1_048_576;
const FRAME_UNITS = 64;

/** Frames of a WebSocket that is not to be read for a moment: no runtime can stop reading one. They wait as they came. */
export class UnreadFrames {
  #frames: string[] = [];
  #head = 0;
  #units = 0;

  get isEmpty(): boolean {
    return this.#head === this.#frames.length;
  }

  /** Returns false, and keeps nothing, at the bound. */
  push(frame: string): boolean {
    const units = frame.length + FRAME_UNITS;
    if (this.#units + units > MOST_UNITS) return false;
    this.#units += units;
    this.#frames.push(frame);
    return true;
  }

  shift(): string | undefined {
    const frame = this.#frames[this.#head];
    if (frame === undefined) return undefined;
    this.#frames[this.#head++] = "";
    this.#units -= frame.length + FRAME_UNITS;
    if (this.#head === this.#frames.length || this.#head > 1024) {
      this.#frames.splice(0, this.#head);
      this.#head = 0;
    }
    return frame;
  }
}
