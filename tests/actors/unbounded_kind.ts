import type { ActorKind } from "../../actors/runtime/mailbox.ts";

/** Of an actor that is tested by itself: without bounds, and a failure is the test's. */
export function unboundedKind<Message>(name: string, dead: (message: Message) => void = () => {}): ActorKind<Message> {
  return {
    name,
    maxMessages: Number.POSITIVE_INFINITY,
    maxBytes: Number.POSITIVE_INFINITY,
    size: () => 0,
    overflow: () => {},
    failed: (error) => {
      throw error;
    },
    dead,
  };
}
