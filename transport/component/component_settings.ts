/** Settings of the streams of components; times in milliseconds. @module */
import type { XmlLimits } from "../../xmpp/xml/scanned_element.ts";

export interface ComponentSettings {
  /** The domains served here. */
  readonly domains: readonly string[];
  /** The secret of each component, by its domain. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly xmlLimits: XmlLimits;
  /** Bytes of one element before the component is authenticated. */
  readonly strangerBytes: number;
  /** From a connection to an authenticated stream. */
  readonly negotiationMs: number;
  /** For the answer to a ping; then the stream is dead. */
  readonly proofMs: number;
  /** Silence after which a stream is probed. */
  readonly probeMs: number;
  /** Connections that are not authenticated yet; 0: no limit. */
  readonly strangers: number;
  readonly strangersPerAddress: number;
  /** Authenticated streams of one component. */
  readonly streamsPerComponent: number;
  /** Stanzas of one stream that wait for a place to go, in either direction, and their UTF-16 units. */
  readonly waitingStanzas: number;
  readonly waitingUnits: number;
}

/** The component that a domain belongs to: its own, or one below it; none for what is served here. */
export function componentOf(
  domain: string,
  { domains, secrets }: Pick<ComponentSettings, "domains" | "secrets">,
): string | undefined {
  if (domains.includes(domain)) return undefined;
  for (let rest: string | undefined = domain; rest !== undefined; rest = above(rest)) {
    if (secrets.has(rest)) return rest;
  }
  return undefined;
}

function above(domain: string): string | undefined {
  const dot = domain.indexOf(".");
  return dot < 0 ? undefined : domain.slice(dot + 1);
}
