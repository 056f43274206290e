/** One line that tells what is under way: rewritten on a terminal, a line for each step elsewhere. @module */

export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const CLEAR = "\r\u001b[2K";

export class Progress {
  readonly #output: Output;
  readonly #total: number;
  readonly #now: () => number;
  readonly #begun: number;
  #done = 0;
  #name = "";

  /** `now` in milliseconds. */
  constructor(output: Output, total: number, now: () => number) {
    this.#output = output;
    this.#total = total;
    this.#now = now;
    this.#begun = now();
  }

  start(name: string): void {
    this.#name = name;
    this.#done++;
    this.step("");
  }

  step(text: string): void {
    const seconds = Math.round((this.#now() - this.#begun) / 1000);
    const line = `[${this.#done}/${this.#total}] ${seconds} s  ${this.#name}${text === "" ? "" : `: ${text}`}`;
    this.#output.write(this.#output.isTTY ? CLEAR + line : `${line}\n`);
  }

  end(): void {
    if (this.#output.isTTY) this.#output.write(CLEAR);
  }
}
