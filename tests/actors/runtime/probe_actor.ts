/** An actor for tests of the runtime: notes what it receives and does what the message says. */
import type { Actor, ActorKind, Mailbox } from "../../../actors/runtime/mailbox.ts";

export interface ProbeMessage {
  readonly name: string;
  readonly size?: number;
  readonly run?: () => void | Promise<void>;
}

export class ProbeActor implements Actor<ProbeMessage> {
  readonly received: string[] = [];
  isStopped = false;

  receive(message: ProbeMessage): void | Promise<void> {
    this.received.push(message.name);
    return message.run?.();
  }

  stopped(): void {
    this.isStopped = true;
  }
}

export interface ProbeKind extends ActorKind<ProbeMessage> {
  readonly dropped: string[];
  readonly died: string[];
  readonly failures: string[];
}

export function probeKind(
  bounds: { readonly maxMessages?: number; readonly maxBytes?: number } = {},
  failed: (mailbox: Mailbox<ProbeMessage>) => Actor<ProbeMessage> | undefined = (mailbox) => mailbox.actor,
): ProbeKind {
  const [dropped, died, failures]: string[][] = [[], [], []];
  return {
    name: "ProbeActor",
    maxMessages: bounds.maxMessages ?? Number.POSITIVE_INFINITY,
    maxBytes: bounds.maxBytes ?? Number.POSITIVE_INFINITY,
    size: (message) => message.size ?? 0,
    overflow: (message) => void dropped!.push(message.name),
    failed: (error, message, mailbox) => {
      failures!.push(`${message.name}: ${(error as Error).message}`);
      return failed(mailbox);
    },
    dead: (message) => void died!.push(message.name),
    dropped: dropped!,
    died: died!,
    failures: failures!,
  };
}

/** A promise and what settles it. */
export function deferred(): { readonly promise: Promise<void>; resolve(): void; reject(error: Error): void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { promise, resolve: () => resolve(), reject };
}

export function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
