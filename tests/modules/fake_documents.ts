import type { AsyncStore, PubsubItemRecord } from "../../store/store.ts";

/** The store's documents and pubsub operations, in memory, for one owner. */
export function fakeDocuments(): Partial<AsyncStore> {
  const documents = new Map<string, Map<string, string>>();
  const nodes = new Map<string, { config: string; items: PubsubItemRecord[] }>();
  const kindOf = (kind: string) => documents.get(kind) ?? documents.set(kind, new Map()).get(kind)!;
  const itemsOf = (node: string) => nodes.get(node)?.items ?? [];
  return {
    putDocument: async (_owner, kind, key, text) => void kindOf(kind).set(key, text),
    document: async (_owner, kind, key) => kindOf(kind).get(key),
    documents: async (_owner, kind) => [...kindOf(kind)].map(([key, text]) => ({ key, text })),
    documentCount: async (_owner, kind) => kindOf(kind).size,
    removeDocument: async (_owner, kind, key) => kindOf(kind).delete(key),
    pubsubNodes: async () => [...nodes].map(([node, { config }]) => ({ node, config })),
    putPubsubNode: async (_owner, node, config) => void nodes.set(node, { config, items: itemsOf(node) }),
    removePubsubNode: async (_owner, node) => nodes.delete(node),
    pubsubItems: async (_owner, node, limit) => itemsOf(node).slice(-limit),
    pubsubItem: async (_owner, node, id) => itemsOf(node).find((item) => item.id === id),
    putPubsubItem: async (_owner, node, item, max) => {
      const others = itemsOf(node).filter((known) => known.id !== item.id);
      nodes.get(node)!.items = [...others, item].slice(-max);
    },
    removePubsubItem: async (_owner, node, id) => {
      const before = itemsOf(node);
      const after = before.filter((item) => item.id !== id);
      if (nodes.has(node)) nodes.get(node)!.items = after;
      return after.length < before.length;
    },
  };
}
