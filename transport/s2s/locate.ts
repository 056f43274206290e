/** Where the server of a domain is: RFC 6120 section 3.2, XEP-0368, RFC 2782. @module */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { AnswerCache } from "./answer_cache.ts";
import type { NameResolver, SrvRecord } from "./name_resolver.ts";

/** One of the places where the server of a domain may be. */
export interface Service {
  readonly name: string;
  readonly port: number;
  /** Direct TLS: XEP-0368. */
  readonly tls: boolean;
}

export interface Weighed extends Service {
  readonly priority: number;
  readonly weight: number;
}

/** The domain has no address, or says that it has no server. */
export class NoSuchServer extends Error {
  override readonly name = "NoSuchServer";
}

const DEFAULT_PORT = 5269;
const FOUND_MS = 60_000;
const FAILED_MS = 5000;

export interface LocatorOptions {
  readonly resolver: NameResolver;
  readonly now: () => number;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** How long it is remembered that a name has no records. */
  readonly negativeMs: number;
}

export class Locator {
  readonly #options: LocatorOptions;
  readonly #services: AnswerCache<readonly Weighed[]>;
  readonly #addresses: AnswerCache<readonly string[]>;

  constructor(options: LocatorOptions) {
    const { now, negativeMs } = options;
    const keepMs = ({ length }: { readonly length: number }) => (length === 0 ? negativeMs : FOUND_MS);
    this.#options = options;
    this.#services = new AnswerCache<readonly Weighed[]>({ now, keepMs, failedMs: FAILED_MS });
    this.#addresses = new AnswerCache<readonly string[]>({ now, keepMs, failedMs: FAILED_MS });
  }

  /** In the order in which they are to be tried. Rejects with NoSuchServer, or with what the resolver says. */
  async services(domain: string): Promise<readonly Service[]> {
    if (literalAddress(domain) !== undefined) return [{ name: domain, port: DEFAULT_PORT, tls: false }];
    const name = domainToASCII(domain);
    const records = await this.#services.get(name, () => this.#ask(name));
    if (records.length === 0) return [{ name, port: DEFAULT_PORT, tls: false }];
    const services = inOrder(records, this.#options.random).filter((service) => service.name !== "");
    if (services.length === 0) throw new NoSuchServer(`${domain} says in DNS that it has no such service`);
    return services;
  }

  /** IPv6 and IPv4 in turn. Rejects with NoSuchServer when there is none. */
  async addresses({ name }: Service): Promise<readonly string[]> {
    const literal = literalAddress(name);
    if (literal !== undefined) return [literal];
    const found = await this.#addresses.get(name, () => this.#options.resolver.addresses(name));
    if (found.length === 0) throw new NoSuchServer(`${name} has no address in DNS`);
    return inTurn(found);
  }

  async #ask(name: string): Promise<readonly Weighed[]> {
    const { resolver } = this.#options;
    const [direct, plain] = await Promise.allSettled([
      resolver.srv(`_xmpps-server._tcp.${name}`),
      resolver.srv(`_xmpp-server._tcp.${name}`),
    ]);
    const found = [...recordsOf(direct, true), ...recordsOf(plain, false)];
    // Without an answer it is not known whether there are records: the domain's own address may be another machine.
    for (const answer of [plain, direct]) if (answer.status === "rejected" && found.length === 0) throw answer.reason;
    return found;
  }
}

function recordsOf(answer: PromiseSettledResult<readonly SrvRecord[]>, tls: boolean): Weighed[] {
  if (answer.status === "rejected") return [];
  // The target "." means: no such service.
  return answer.value.map((record) => ({ ...record, name: record.name.replace(/\.$/, ""), tls }));
}

/** By priority; among equals at random, in proportion to the weight: RFC 2782. */
export function inOrder(records: readonly Weighed[], random: () => number): Weighed[] {
  const waiting = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  const ordered: Weighed[] = [];
  while (waiting.length > 0) {
    const equals = waiting.filter(({ priority }) => priority === waiting[0]!.priority);
    const total = equals.reduce((sum, { weight }) => sum + weight, 0);
    const chosen = atMark(equals, Math.floor(random() * (total + 1)));
    ordered.push(chosen);
    waiting.splice(waiting.indexOf(chosen), 1);
  }
  return ordered;
}

/** The first whose running sum of weights reaches the mark. */
function atMark(records: readonly Weighed[], mark: number): Weighed {
  let sum = 0;
  return records.find(({ weight }) => {
    sum += weight;
    return sum >= mark;
  })!;
}

/** RFC 8305 section 4: a family that does not work costs one attempt, not all. */
export function inTurn(addresses: readonly string[]): string[] {
  const six = addresses.filter((address) => isIP(address) === 6);
  const four = addresses.filter((address) => isIP(address) === 4);
  const pairs = Array.from({ length: Math.max(six.length, four.length) }, (_, i) => [six[i], four[i]]);
  return pairs.flat().filter((address) => address !== undefined);
}

/** A domain may be an address, IPv6 in brackets: RFC 7622 section 3.2. */
function literalAddress(domain: string): string | undefined {
  const address = domain.replace(/^\[(.*)\]$/, "$1");
  return isIP(address) === 0 ? undefined : address;
}
