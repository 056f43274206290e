/**
 * What has come from other servers already: a message whose proof got lost comes again, under the same id. The id is the `<stanza-id/>`
 * that the sending server sets for the whole way (XEP-0359), `by` its domain.
 * @module
 */
import type { ArrivalsKeeper } from "../../actors/destination.ts";
import type { Log } from "../../xmpp/log.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";

/** Of one domain; more than a server sends without proof. */
const MAX_IDS = 256;
const MAX_DOMAINS = 1000;
const MAX_ID_LENGTH = 128;

export interface ArrivalsParts {
  readonly keeper: ArrivalsKeeper;
  readonly log: Log;
  now(): number;
}

interface Arrival {
  /** The message is durable. */
  isDurable: boolean;
  /** The id is, too: it is known after a restart. */
  isKept: boolean;
  /** Told when both are so. */
  waiting: (() => void)[];
}

interface Domain {
  readonly name: string;
  /** By id; the oldest first. */
  readonly arrivals: Map<string, Arrival>;
  /** Durable, and their ids are not kept yet. */
  fresh: Arrival[];
  isWriting: boolean;
}

/** The mark of a message that this server sends on. */
export function arrivalMark(domain: string, id: string): Markup {
  return xml`<stanza-id xmlns="${NS.SID}" id="${id}" by="${domain}"/>`;
}

export class Arrivals {
  readonly #parts: ArrivalsParts;
  readonly #domains = new Map<string, Domain>();

  constructor(parts: ArrivalsParts) {
    this.#parts = parts;
  }

  /** Reads those from before a restart. */
  async load(): Promise<void> {
    const kept = await this.#parts.keeper.load();
    for (const { domain, ids } of kept.toReversed()) {
      const { arrivals } = this.#domain(domain);
      for (const id of ids) arrivals.set(id, { isDurable: true, isKept: true, waiting: [] });
    }
  }

  /** Returns what to call when the stanza is durable. Undefined: it has come before, and `handled` is called when that one is kept. */
  take(stanza: Stanza, handled: () => void): (() => void) | undefined {
    const name = stanza.from!.domain;
    const id = markOf(stanza, name);
    if (id === undefined) return handled;
    const domain = this.#domain(name);
    const known = domain.arrivals.get(id);
    if (known?.isKept) return void handled();
    if (known !== undefined) return void known.waiting.push(handled);
    const arrival: Arrival = { isDurable: false, isKept: false, waiting: [handled] };
    domain.arrivals.set(id, arrival);
    if (domain.arrivals.size > MAX_IDS) forgetOldest(domain.arrivals);
    return () => {
      arrival.isDurable = true;
      domain.fresh.push(arrival);
      this.#keep(domain);
    };
  }

  /** One write at a time for a domain: those that become durable meanwhile go together. */
  async #keep(domain: Domain): Promise<void> {
    if (domain.isWriting) return;
    domain.isWriting = true;
    while (domain.fresh.length > 0) {
      const fresh = domain.fresh.splice(0);
      await this.#write(domain);
      for (const arrival of fresh) {
        arrival.isKept = true;
        for (const handled of arrival.waiting.splice(0)) handled();
      }
    }
    domain.isWriting = false;
  }

  async #write({ name, arrivals }: Domain): Promise<void> {
    const { keeper, log, now } = this.#parts;
    const ids = [...arrivals].flatMap(([id, { isDurable }]) => (isDurable ? [id] : []));
    try {
      await keeper.keep({ domain: name, ids, at: now() });
    } catch (error) {
      // The message is durable all the same; after a restart it would come twice.
      log.error("cannot keep what has come from another server", { domain: name, error });
    }
  }

  /** Those of the domain that was heard last stay the longest. */
  #domain(name: string): Domain {
    const domain = this.#domains.get(name) ?? {
      name,
      arrivals: new Map<string, Arrival>(),
      fresh: [],
      isWriting: false,
    };
    this.#domains.delete(name);
    this.#domains.set(name, domain);
    if (this.#domains.size > MAX_DOMAINS) forgetOldest(this.#domains);
    return domain;
  }
}

function markOf(stanza: Stanza, domain: string): string | undefined {
  if (stanza.name !== "message") return undefined;
  const marks = stanza.payloads("stanza-id", NS.SID).filter((element) => element.attr("by") === domain);
  const id = marks.length === 1 ? marks[0]!.attr("id") : undefined;
  return id !== undefined && id !== "" && id.length <= MAX_ID_LENGTH ? id : undefined;
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) return void map.delete(oldest);
}
