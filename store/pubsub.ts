/** Nodes and items of personal eventing (XEP-0163). @module */

export interface PubsubNodeRecord {
  readonly node: string;
  /** JSON of the node's configuration. */
  readonly config: string;
}

export interface PubsubItemRecord {
  readonly id: string;
  readonly publisher: string;
  readonly text: string;
  readonly at: number;
}

export interface PubsubOperations {
  pubsubNodes(owner: string): readonly PubsubNodeRecord[];
  putPubsubNode(owner: string, node: string, config: string): void;
  /** Removes the node with its items. Returns false where there was none. */
  removePubsubNode(owner: string, node: string): boolean;
  /** Newest last; `limit` counts from the newest. */
  pubsubItems(owner: string, node: string, limit: number): readonly PubsubItemRecord[];
  pubsubItem(owner: string, node: string, id: string): PubsubItemRecord | undefined;
  /** Publishes or replaces, then keeps the newest `max` items. */
  putPubsubItem(owner: string, node: string, item: PubsubItemRecord, max: number): void;
  removePubsubItem(owner: string, node: string, id: string): boolean;
}
