/**
 * The combined disco description of the domain and its accounts, built once from all modules. XEP-0030, XEP-0115,
 * XEP-0128. @module
 */
import { NS } from "../xmpp/ns.ts";
import { Element } from "../xmpp/xml/element.ts";
import { type Markup, xml } from "../xmpp/xml/xml.ts";
import { capsHash } from "./caps/caps_hash.ts";
import { identityMarkup } from "./disco/disco_info.ts";
import type { EntityDescription, Identity, ServerModule, ServerSettings, ServiceDescription } from "./module.ts";

/** The node that the server's own XEP-0115 hash belongs to. */
export const CAPS_NODE = "urn:ampact:server";

const SERVER: Identity = { category: "server", type: "im" };
const ACCOUNT: Identity = { category: "account", type: "registered" };

export function describeService(modules: readonly ServerModule[], settings: ServerSettings): ServiceDescription {
  const domain = describe(
    [{ ...SERVER, name: settings.software.name }, ...modules.flatMap((module) => module.identities ?? [])],
    modules.flatMap((module) => listed(module.features, settings)),
  );
  const account = describe(
    [ACCOUNT, ...modules.flatMap((module) => module.accountIdentities ?? [])],
    modules.flatMap((module) => listed(module.accountFeatures, settings)),
  );
  const forms = modules.flatMap((module) => module.forms?.(settings) ?? []);
  const domainInfo = infoMarkup(domain, forms);
  const query = Element.parse(xml`<query xmlns="${NS.DISCO_INFO}">${domainInfo}</query>`.text);
  return {
    domain,
    account,
    forms,
    domainInfo,
    nodes: describeNodes(modules),
    items: modules.flatMap((module) => module.items?.(settings) ?? []),
    nodeItems: new Map(modules.flatMap((module) => Object.entries(module.nodeItems ?? {}))),
    caps: { node: CAPS_NODE, ver: capsHash(query) },
  };
}

/** The content of a disco#info `<query/>`. */
export function infoMarkup(entity: EntityDescription, forms: readonly Markup[] = []): Markup {
  const features = entity.features.map((feature) => xml`<feature var="${feature}"/>`);
  return xml`${entity.identities.map(identityMarkup)}${features}${forms}`;
}

function describe(identities: readonly Identity[], features: readonly string[]): EntityDescription {
  return { identities, features: [...new Set(features)].sort() };
}

function listed(
  features: readonly string[] | ((settings: ServerSettings) => readonly string[]) | undefined,
  settings: ServerSettings,
): readonly string[] {
  return typeof features === "function" ? features(settings) : (features ?? []);
}

function describeNodes(modules: readonly ServerModule[]): ReadonlyMap<string, EntityDescription> {
  const nodes = new Map<string, EntityDescription>();
  for (const module of modules) {
    for (const [node, given] of Object.entries(module.nodes ?? {})) {
      if (nodes.has(node)) throw new Error(`Cannot start module ${module.name}: node ${node} is described already`);
      nodes.set(node, "features" in given ? describe(given.identities, given.features) : describe([SERVER], given));
    }
  }
  return nodes;
}
