/** Most UTF-16 units of a paused client's frames, and the weight of a frame besides its text. */
const MOST_UNITS = 4 * 1_048_576;
const FRAME_UNITS = 64;

/** Frames of a paused WebSocket: no runtime can stop reading one, so frames wait unparsed. */
export class UnreadFrames {
  #frames: string[] = [];
  #head = 0;
  #units = 0;

  get isEmpty(): boolean {
    return this.#head === this.#frames.length;
  }

  /** Returns false and keeps nothing when full. */
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
