/**
 * The destination of components (XEP-0114): programs that serve a domain of their own over a stream to this server. A message waits in the
 * durable queue of its domain until the component has answered a ping behind it; presence and IQ go at once or not at all. It is what
 * stands between servers, with one difference: a component that processes no rules is where they end, so it counts as a gateway.
 * @module
 */
import { Federation, type FederationSettings } from "../federation/federation.ts";
import type { Links } from "../federation/links.ts";

export interface ComponentsParts {
  readonly links: Links;
  readonly settings: Omit<FederationSettings, "ampMode">;
  /** Whether the domain is that of a component, or below it. */
  isComponent(domain: string): boolean;
  /** Domains of the components that are there. */
  connected(): readonly string[];
}

export function components({ links, settings, isComponent, connected }: ComponentsParts): Federation {
  return new Federation({
    links,
    settings: { ...settings, ampMode: () => "gateway" },
    mayReach: isComponent,
    isOwn: () => false,
    items: connected,
  });
}
