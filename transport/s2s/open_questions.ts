/**
 * Questions of this server to another one, such as the pings whose answers prove what was sent before them (XEP-0199). An answer may come on another
 * stream than the one that was asked.
 * @module
 */
import type { Stanza } from "../../xmpp/stanza.ts";

interface Question {
  readonly from: string;
  readonly to: string;
  readonly answered: (answer: Stanza) => void;
}

export class OpenQuestions {
  readonly #questions = new Map<string, Question>();

  /** `id` is not to be guessed. */
  add(id: string, question: Question): void {
    this.#questions.set(id, question);
  }

  remove(id: string): void {
    this.#questions.delete(id);
  }

  /** Whether the stanza is such an answer; an error is one too, since it tells that the question has come that far. */
  takes(stanza: Stanza): boolean {
    const { name, type, id, from, to } = stanza;
    if (name !== "iq" || (type !== "result" && type !== "error") || id === undefined) return false;
    const question = this.#questions.get(id);
    if (question === undefined || from?.text !== question.to || to?.text !== question.from) return false;
    this.#questions.delete(id);
    question.answered(stanza);
    return true;
  }
}
