import type { Node } from "./node.ts";

export interface Bounds {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** Of the mailboxes of users, deliveries and sessions; the node may not be there yet. */
export function mailboxBounds(node: () => Node): Bounds {
  return {
    get maxMessages() {
      return node().settings.mailboxMessages;
    },
    get maxBytes() {
      return node().settings.mailboxBytes;
    },
  };
}
