/** Writes the story as lines of text, in colour on a terminal. @module */

import type { Element } from "../../xmpp/xml/element.ts";

export type Voice = "server" | "juliet" | "romeo";

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const COLOURS: Readonly<Record<Voice | "title" | "dim", number>> = {
  server: 36,
  juliet: 35,
  romeo: 32,
  title: 1,
  dim: 2,
};
const MARGIN = " ".repeat(18);

export class Narrator {
  readonly #output: Output;
  readonly #start = performance.now();

  constructor(output: Output) {
    this.#output = output;
  }

  title(text: string): void {
    this.#output.write(`\n${this.#paint("title", text)}\n`);
  }

  /** What one of them does or sees. */
  says(voice: Voice, text: string): void {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(2);
    this.#output.write(`  ${`${seconds} s`.padStart(7)}  ${this.#paint(voice, voice)} ${text}\n`);
  }

  /** What a reply says, without addresses and namespaces. */
  shows(reply: Element): void {
    const parts = reply.elements.filter(({ name }) => name === "amp" || name === "error");
    const type = reply.attr("type") === undefined ? "" : ` type="${reply.attr("type")}"`;
    const text = `<message id="${reply.attr("id")}"${type}>${parts.map(shortened).join("")}</message>`;
    this.#output.write(`${MARGIN}${this.#paint("dim", text)}\n`);
  }

  #paint(style: keyof typeof COLOURS, text: string): string {
    return this.#output.isTTY === true ? `\u001b[${COLOURS[style]}m${text}\u001b[0m` : text;
  }
}

function shortened(element: Element): string {
  return element.toString().replaceAll(/ (?:xmlns|from|to)="[^"]*"/g, "");
}
