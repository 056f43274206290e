/**
 * The mailbox: a bounded FIFO in front of one actor, and its address for other actors. It hands over one message at a
 * time; while `receive` waits for a promise, later messages wait too.
 * @module
 */
import type { Scheduler } from "./scheduler.ts";

export interface Actor<Message> {
  /** Handles one message. A promise makes the mailbox wait; the plain path returns nothing. */
  receive(message: Message): void | Promise<void>;
  /** Called once when the actor is stopped or replaced. */
  stopped?(): void;
}

/** The address of an actor; it does not reveal where the actor lives. */
export interface ActorRef<Message> {
  tell(message: Message): void;
}

/** Properties of all actors of one kind. */
export interface ActorKind<Message> {
  readonly name: string;
  readonly maxMessages: number;
  /** Bound on the sum of size(). */
  readonly maxBytes: number;
  /** The weight of a message, in bytes or UTF-16 units; a message without payload weighs 0. */
  size(message: Message): number;
  /** Handles a message that the full mailbox refuses. It must not be lost silently. */
  overflow(message: Message, mailbox: Mailbox<Message>): void;
  /** `receive` threw. Returns the actor that continues (a fresh one, or the same), or undefined to stop. */
  failed(error: unknown, message: Message, mailbox: Mailbox<Message>): Actor<Message> | undefined;
  /** A message came after the end. */
  dead(message: Message): void;
}

type State = "waiting" | "idle" | "ready" | "busy" | "stopped";

export class Mailbox<Message> implements ActorRef<Message> {
  readonly kind: ActorKind<Message>;
  #scheduler: Scheduler;
  #actor: Actor<Message> | undefined;
  #state: State = "waiting";
  /** Usually there is one message at a time, which needs no list. */
  #next: Message | undefined;
  /** Its size(), asked for once. */
  #nextSize = 0;
  /** What comes after the next. */
  #queue: Message[] | undefined;
  #head = 0;
  #bytes = 0;

  constructor(kind: ActorKind<Message>, scheduler: Scheduler, actor?: Actor<Message>) {
    this.kind = kind;
    this.#scheduler = scheduler;
    if (actor) this.start(actor);
  }

  /** Gives the actor to a mailbox that has collected messages without it. */
  start(actor: Actor<Message>): void {
    if (this.#state === "stopped") return;
    this.#actor = actor;
    this.#state = "idle";
    this.#wake();
  }

  /** The actor behind this mailbox, for its supervisor. */
  get actor(): Actor<Message> | undefined {
    return this.#actor;
  }

  get length(): number {
    if (this.#next === undefined) return 0;
    return this.#queue === undefined ? 1 : this.#queue.length - this.#head + 1;
  }

  /** The sum of size() of what waits. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Neither a message in hand nor one waiting. */
  get quiet(): boolean {
    return this.#state === "idle" && this.length === 0;
  }

  get stopped(): boolean {
    return this.#state === "stopped";
  }

  tell(message: Message): void {
    if (this.#state === "stopped") return this.kind.dead(message);
    const size = this.kind.size(message);
    if (size > 0 && (this.length >= this.kind.maxMessages || this.#bytes + size > this.kind.maxBytes)) {
      return this.kind.overflow(message, this);
    }
    this.#bytes += size;
    if (this.#next === undefined) {
      this.#next = message;
      this.#nextSize = size;
    } else if (this.#queue === undefined) this.#queue = [message];
    else this.#queue.push(message);
    this.#wake();
  }

  /** Stops handling messages; waiting ones go to kind.dead. */
  stop(): void {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#actor?.stopped?.();
    this.#actor = undefined;
    const left = this.#next === undefined ? [] : [this.#next, ...(this.#queue?.slice(this.#head) ?? [])];
    this.#next = undefined;
    this.#queue = undefined;
    for (const message of left) this.kind.dead(message);
  }

  /** For the scheduler; returns how many messages were handled. */
  run(bound: number): number {
    let handled = 0;
    let yields = false;
    if (this.#state === "ready") this.#state = "idle";
    while (handled < bound && !yields && this.#state === "idle" && this.#next !== undefined) {
      const size = this.#nextSize;
      const message = this.#take();
      handled++;
      this.#handle(message);
      yields = this.#scheduler.yields(size);
    }
    this.#wake();
    return handled;
  }

  #take(): Message {
    const message = this.#next as Message;
    this.#bytes -= this.#nextSize;
    this.#next = undefined;
    if (this.#queue !== undefined) {
      this.#next = this.#shift(this.#queue);
      this.#nextSize = this.kind.size(this.#next);
    }
    return message;
  }

  #shift(queue: Message[]): Message {
    const message = queue[this.#head] as Message;
    queue[this.#head++] = undefined as Message;
    if (this.#head === queue.length) {
      this.#head = 0;
      this.#queue = undefined;
    } else if (this.#head > 1024) {
      queue.splice(0, this.#head);
      this.#head = 0;
    }
    return message;
  }

  #handle(message: Message): void {
    this.#state = "busy";
    let pending: void | Promise<void>;
    try {
      pending = (this.#actor as Actor<Message>).receive(message);
    } catch (error) {
      return this.#fail(error, message);
    }
    if (pending === undefined) this.#free();
    else this.#await(pending, message);
  }

  // A function of its own: in #handle the closure would cost an allocation for every message.
  #await(pending: Promise<void>, message: Message): void {
    pending.then(
      () => this.#released(),
      (error) => {
        try {
          this.#fail(error, message);
        } finally {
          this.#released();
        }
      },
    );
  }

  #fail(error: unknown, message: Message): void {
    if (this.#state === "stopped") return;
    let next = this.#actor;
    try {
      next = this.kind.failed(error, message, this);
    } finally {
      // Also where the supervisor throws: this mailbox must not stand still for it.
      this.#goOnWith(next);
    }
  }

  #goOnWith(next: Actor<Message> | undefined): void {
    if (next === undefined) return this.stop();
    if (next !== this.#actor) this.#actor?.stopped?.();
    this.#actor = next;
    this.#free();
  }

  #free(): void {
    if (this.#state === "busy") this.#state = "idle";
  }

  #released(): void {
    this.#free();
    this.#wake();
  }

  #wake(): void {
    if (this.#state !== "idle" || this.#next === undefined) return;
    this.#state = "ready";
    this.#scheduler.ready(this);
  }
}
