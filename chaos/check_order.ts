/**
 * Order: messages from one resource to one address of a user reach each device of that user in the order of sending, by
 * their first receipts. A message that first went to another device, which died without proof, may come later.
 * @module
 */
import type { EventOf } from "./history.ts";
import type { HistoryIndex, MessageRecord, Placed, SessionRecord } from "./history_index.ts";
import type { CheckLimits, Violation } from "./violation.ts";

type Received = Placed<EventOf<"received">>;

interface FirstReceipt {
  readonly message: MessageRecord;
  readonly receipt: Received;
}

export function checkOrder(index: HistoryIndex, limits: CheckLimits): Violation[] {
  const violations: Violation[] = [];
  for (const stream of firstReceipts(index)) {
    let latest: FirstReceipt | undefined;
    for (const next of stream) {
      if (latest === undefined || latest.message.sent.index < next.message.sent.index) latest = next;
      else if (!wentElsewhere(index, limits, next)) violations.push(inversion(latest, next));
    }
  }
  return violations;
}

/** For each sender's session, address and receiving device: the first receipts in their order. */
function firstReceipts(index: HistoryIndex): Iterable<FirstReceipt[]> {
  const streams = new Map<string, Map<string, FirstReceipt>>();
  for (const message of index.messages.values()) {
    const { session, to, resource } = message.sent;
    const read = new Set<string>();
    for (const receipt of message.received) {
      const { user, device } = index.session(receipt.session).bound;
      // A message that the device has read in its archive has its place there; a later delivery does not count.
      if (receipt.via === "archive") read.add(`${user}/${device}`);
      if (read.has(`${user}/${device}`)) continue;
      const key = [session, to, resource, user, device].join(" ");
      const stream = streams.get(key) ?? new Map<string, FirstReceipt>();
      streams.set(key, stream);
      if (!stream.has(message.id)) stream.set(message.id, { message, receipt });
    }
  }
  return [...streams.values()].map((stream) =>
    [...stream.values()].sort((one, other) => one.receipt.index - other.receipt.index),
  );
}

/** Another device of the recipient may have held the message without proof until it died, or the server with it. */
function wentElsewhere(index: HistoryIndex, limits: CheckLimits, { message, receipt }: FirstReceipt): boolean {
  const { sent } = message;
  const { device } = index.session(receipt.session).bound;
  return index.sessionsOf(sent.to).some((other) => {
    if (other.bound.device === device || other.bound.index > receipt.index) return false;
    const end = other.life.find(({ kind }) => kind === "ended");
    if (end !== undefined && end.at + limits.proofMs < sent.at) return false;
    const died = other.life.some((event) => event.index < receipt.index && isDeath(event));
    return died || crossedClosing(message, other) || index.killedBetween(sent.at, receipt.at);
  });
}

/** The other device got it after it had closed its stream, and so without proof. */
function crossedClosing(message: MessageRecord, { id, life }: SessionRecord): boolean {
  const closing = life.find(({ kind }) => kind === "closing");
  return (
    closing !== undefined && message.received.some(({ session, index }) => session === id && index > closing.index)
  );
}

function isDeath(event: SessionRecord["life"][number]): boolean {
  return event.kind === "cut" || (event.kind === "ended" && !event.clean);
}

function inversion(latest: FirstReceipt, next: FirstReceipt): Violation {
  const [early, late] = [next.message, latest.message];
  return {
    kind: "order",
    messages: [early.id, late.id],
    text: `${early.id} was sent before ${late.id} and reached ${next.receipt.session} after it`,
  };
}
