/** Which servers process rules: XEP-0079 2.1.1 and 2.2.4. Their service discovery is asked once, and the answer kept for a while. @module */
import type { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { LinkError } from "./links.ts";

const YES_MS = 86_400_000;
const NO_MS = 3_600_000;
/** How long an answer may take. */
const ANSWER_MS = 10_000;
/** Answers that are remembered. */
const MAX_KNOWN = 10_000;

export interface AmpSupportParts {
  now(): number;
  newId(): string;
  schedule(ms: number, task: () => void): () => void;
  /** What it means that no answer comes. */
  silence(domain: string): "no" | "unreachable";
  /** Rejects with LinkError. */
  send(stanza: Stanza): Promise<void>;
}

interface Known {
  readonly has: boolean;
  readonly until: number;
}

/** A question that is under way. */
interface Asked {
  readonly id: string;
  readonly answer: Promise<boolean>;
  readonly answered: (has: boolean) => void;
}

export class AmpSupport {
  readonly #parts: AmpSupportParts;
  readonly #known = new Map<string, Known>();
  readonly #asked = new Map<string, Asked>();

  constructor(parts: AmpSupportParts) {
    this.#parts = parts;
  }

  /** What is known now; undefined: it has to be asked. */
  known(domain: string): boolean | undefined {
    const known = this.#known.get(domain);
    return known !== undefined && known.until > this.#parts.now() ? known.has : undefined;
  }

  /** `by`: the domain that asks. Rejects with LinkError, also where no answer comes in time. */
  async has(domain: string, by: Jid): Promise<boolean> {
    return this.known(domain) ?? (this.#asked.get(domain) ?? this.#ask(domain, by)).answer;
  }

  /** Returns whether it was the answer to a question of ours. */
  take(stanza: Stanza): boolean {
    if (stanza.name !== "iq" || (stanza.type !== "result" && stanza.type !== "error")) return false;
    const asked = stanza.from?.local === "" ? this.#asked.get(stanza.from.text) : undefined;
    if (asked === undefined || asked.id !== stanza.id) return false;
    const features = stanza.payload("query", NS.DISCO_INFO)?.childrenNamed("feature", NS.DISCO_INFO) ?? [];
    asked.answered(stanza.type === "result" && features.some((feature) => feature.attr("var") === NS.AMP));
    return true;
  }

  #ask(domain: string, by: Jid): Asked {
    const { newId, schedule, send, now, silence } = this.#parts;
    const id = newId();
    let answered: (has: boolean) => void = () => {};
    let cancel = () => {};
    const answer = new Promise<boolean>((resolve, reject) => {
      answered = resolve;
      cancel = schedule(ANSWER_MS, () => {
        if (silence(domain) === "no") return answered(false);
        reject(new LinkError("unreachable", `Cannot tell whether ${domain} processes rules: no answer`));
      });
      send(discoRequest(id, domain, by)).catch(reject);
    });
    const asked = { id, answer, answered };
    this.#asked.set(domain, asked);
    answer
      .then((has) => this.#remember(domain, { has, until: now() + (has ? YES_MS : NO_MS) }))
      // Who has asked gets the error.
      .catch(() => {})
      .finally(() => {
        cancel();
        this.#asked.delete(domain);
      });
    return asked;
  }

  #remember(domain: string, known: Known): void {
    this.#known.delete(domain);
    this.#known.set(domain, known);
    if (this.#known.size <= MAX_KNOWN) return;
    for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }
}

function discoRequest(id: string, domain: string, from: Jid): Stanza {
  return Stanza.parse(
    xml`<iq xmlns="${NS.CLIENT}" type="get" id="${id}" from="${from.text}" to="${domain}"><query xmlns="${NS.DISCO_INFO}"/></iq>`
      .text,
  );
}
