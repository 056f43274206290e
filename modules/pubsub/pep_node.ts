/** A node with its affiliations and subscriptions, and its form in the store. XEP-0060 sections 4 and 8. @module */
import type { PubsubNodeRecord } from "../../store/store.ts";
import { ownCopy } from "../../xmpp/own_copy.ts";
import type { AccountContext, MemoryKey } from "../module.ts";
import { type NodeConfig, PEP_DEFAULTS } from "./node_config.ts";

/** Affiliations besides that of the account itself, which owns all its nodes. */
export type Affiliation = "publisher" | "member" | "outcast";

export interface PepNode {
  readonly name: string;
  readonly config: NodeConfig;
  /** By bare JID. */
  readonly affiliations: Readonly<Record<string, Affiliation>>;
  /** JIDs, bare or full, that have subscribed explicitly. */
  readonly subscribers: readonly string[];
}

export type PepNodes = ReadonlyMap<string, PepNode>;

/** Of one account. */
export const MAX_NODES = 500;

const NODES: MemoryKey<{ loaded: Promise<Map<string, PepNode>> | undefined }> = {
  name: "pep nodes",
  make: () => ({ loaded: undefined }),
};

/** The account's nodes. They are read from the store once: only this actor changes them while the account is active. */
export function nodesOf(context: AccountContext): Promise<PepNodes> {
  return loaded(context);
}

export async function saveNode(node: PepNode, context: AccountContext): Promise<void> {
  const nodes = await loaded(context);
  const record = { node: ownCopy(node.name), config: written(node) };
  await context.store.putPubsubNode(context.owner.text, record.node, record.config);
  nodes.set(record.node, read(record));
}

/** With its items. */
export async function removeNode(name: string, context: AccountContext): Promise<void> {
  const nodes = await loaded(context);
  await context.store.removePubsubNode(context.owner.text, name);
  nodes.delete(name);
  noteItems(name, context);
}

const CHANGES: MemoryKey<Map<string, object>> = { name: "pep items", make: () => new Map() };

/** A value that is replaced whenever the items of the node change. */
export function itemsVersion(node: string, context: AccountContext): object {
  const versions = context.memory.get(CHANGES);
  const known = versions.get(node);
  if (known !== undefined) return known;
  const version = {};
  versions.set(node, version);
  return version;
}

/** Items of the node have been published or removed. */
export function noteItems(node: string, context: AccountContext): void {
  context.memory.get(CHANGES).delete(node);
}

export function newNode(name: string, config: NodeConfig = PEP_DEFAULTS): PepNode {
  return { name, config, affiliations: {}, subscribers: [] };
}

async function loaded(context: AccountContext): Promise<Map<string, PepNode>> {
  const slot = context.memory.get(NODES);
  slot.loaded ??= load(context).catch((error) => {
    slot.loaded = undefined;
    throw error;
  });
  return await slot.loaded;
}

async function load(context: AccountContext): Promise<Map<string, PepNode>> {
  const records = await context.store.pubsubNodes(context.owner.text);
  return new Map(records.map((record) => [record.node, read(record)]));
}

function written(node: PepNode): string {
  return JSON.stringify({ config: node.config, affiliations: node.affiliations, subscribers: node.subscribers });
}

/** A field that a later version has added takes its default. */
function read({ node, config }: PubsubNodeRecord): PepNode {
  const stored = JSON.parse(config) as Partial<PepNode>;
  return {
    name: node,
    config: { ...PEP_DEFAULTS, ...stored.config },
    affiliations: stored.affiliations ?? {},
    subscribers: stored.subscribers ?? [],
  };
}
