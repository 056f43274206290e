/** Pairs that talk: each as fast as messages arrive, or at a given rate. @module */
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import type { Answers, ChatCommand, Rules } from "./commands.ts";
import { quantiles } from "./quantiles.ts";
import type { Session } from "./session.ts";
import { StallError, watchStall } from "./stall.ts";

const BODY = "x".repeat(64);
const PATIENCE_MS = 20_000;
const TICK_MS = 1;
const ID_DIGITS = 8;
const ZERO = 0x30;
const FAR = "2099-01-01T00:00:00Z";

const RULES: Readonly<Record<Rules, ReturnType<typeof xml> | undefined>> = {
  none: undefined,
  direct: xml`<amp xmlns="${NS.AMP}"><rule condition="deliver" action="notify" value="direct"/></amp>`,
  inert: xml`<amp xmlns="${NS.AMP}"><rule condition="expire-at" action="drop" value="${FAR}"/><rule condition="match-resource" action="error" value="other"/></amp>`,
};

/** One sender and one recipient. Order holds between them, so the oldest message under way is the next to come. */
class Pair {
  readonly #sender: Session;
  readonly #template: Buffer;
  readonly #digits: number;
  #queued: number[] = [];
  #sentAt: number[] = [];
  #oldest = 0;

  constructor(sender: Session, recipient: Session, rules: Rules) {
    this.#sender = sender;
    const id = `m${"0".repeat(ID_DIGITS)}`;
    this.#template = sender.socket.encode(
      xml`<message xmlns="${NS.CLIENT}" type="chat" id="${id}" to="${recipient.jid}"><body>${BODY}</body>${RULES[rules]}</message>`
        .text,
    );
    this.#digits = this.#template.indexOf(`"${id}"`) + 2;
  }

  queue(seq: number, at: number): void {
    this.#queued.push(seq);
    this.#sentAt.push(at);
  }

  /** All that is queued, in one write. */
  flush(): void {
    const { length } = this.#template;
    const bytes = Buffer.allocUnsafe(length * this.#queued.length);
    for (const [place, seq] of this.#queued.entries()) {
      bytes.set(this.#template, place * length);
      writeDigits(bytes, place * length + this.#digits, seq);
    }
    this.#queued = [];
    this.#sender.socket.write(bytes);
  }

  /** Returns when the message that has come was sent. */
  arrived(): number | undefined {
    const at = this.#sentAt[this.#oldest];
    if (at !== undefined && ++this.#oldest === 1024) {
      this.#sentAt.splice(0, this.#oldest);
      this.#oldest = 0;
    }
    return at;
  }
}

function writeDigits(bytes: Buffer, start: number, value: number): void {
  let rest = value;
  for (let at = start + ID_DIGITS - 1; at >= start; at--) {
    bytes[at] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

export class Chat {
  readonly #command: ChatCommand;
  readonly #pairs: Pair[];
  readonly #latencies: Float64Array;
  #next = 0;
  #sent = 0;
  #received = 0;
  #notices = 0;
  #dirty = new Set<Pair>();
  #fault: string | undefined;
  #end: () => void = () => {};

  constructor(command: ChatCommand, sessions: readonly Session[]) {
    this.#command = command;
    this.#latencies = new Float64Array(command.messages);
    this.#pairs = Array.from({ length: command.pairs }, (_, at) => {
      const [sender, recipient] = [sessions[2 * at]!, sessions[2 * at + 1]!];
      const pair = new Pair(sender, recipient, command.rules);
      recipient.role = { message: () => this.#onMessage(pair), read: () => this.#flush() };
      sender.role = { message: (bytes, start, end) => this.#onReport(bytes, start, end) };
      return pair;
    });
  }

  /** Rejects where a message is lost, or comes back as an error. */
  async run(): Promise<Answers["chat"]> {
    const begun = performance.now();
    await new Promise<void>((resolve) => {
      const unwatch = watchStall(
        () => this.#received + this.#notices,
        PATIENCE_MS,
        () => this.#stop("nothing comes any more"),
      );
      const stopPace = this.#command.rate === undefined ? undefined : this.#pace(this.#command.rate);
      this.#end = () => {
        unwatch();
        stopPace?.();
        resolve();
      };
      if (this.#command.rate === undefined) this.#fill();
    });
    if (this.#fault !== undefined) throw new StallError(`Cannot chat: ${this.#fault}, ${this.#counts()}`);
    return {
      seconds: (performance.now() - begun) / 1000,
      received: this.#received,
      notices: this.#notices,
      latency: quantiles(this.#latencies),
    };
  }

  #counts(): string {
    return `${this.#sent} sent, ${this.#received} received, ${this.#notices} notices`;
  }

  #stop(fault: string): void {
    this.#fault ??= fault;
    this.#end();
  }

  #fill(): void {
    const now = performance.now();
    for (let i = 0; i < this.#command.inFlight; i++) this.#send(this.#turn(), now);
    this.#flush();
  }

  /** Sends when it is due, late or not, and counts waiting from then on. */
  #pace(rate: number): () => void {
    const begun = performance.now();
    const timer = setInterval(() => {
      const due = Math.min(Math.floor(((performance.now() - begun) * rate) / 1000), this.#command.messages);
      while (this.#sent < due) this.#send(this.#turn(), begun + (this.#sent * 1000) / rate);
      this.#flush();
    }, TICK_MS);
    return () => clearInterval(timer);
  }

  /** The pair whose turn it is. */
  #turn(): Pair {
    const pair = this.#pairs[this.#next]!;
    this.#next = (this.#next + 1) % this.#pairs.length;
    return pair;
  }

  #send(pair: Pair, at: number): void {
    if (this.#sent >= this.#command.messages) return;
    pair.queue(this.#sent++, at);
    this.#dirty.add(pair);
  }

  #flush(): void {
    for (const pair of this.#dirty) pair.flush();
    this.#dirty.clear();
  }

  #onMessage(pair: Pair): void {
    const sentAt = pair.arrived();
    if (sentAt === undefined) return this.#stop("a message came that was not sent");
    const now = performance.now();
    this.#latencies[this.#received++] = now - sentAt;
    // Where more pairs talk than messages are under way, they take turns.
    if (this.#command.rate === undefined)
      this.#send(this.#pairs.length > this.#command.inFlight ? this.#turn() : pair, now);
    this.#finish();
  }

  #onReport(bytes: Buffer, start: number, end: number): void {
    const text = bytes.toString("latin1", start, Math.min(end, start + 400));
    if (/ type=["']error["']/.test(text)) return this.#stop(`the server answered ${text}`);
    this.#notices++;
    this.#finish();
  }

  #finish(): void {
    const { messages, rules } = this.#command;
    if (this.#received >= messages && (rules !== "direct" || this.#notices >= messages)) this.#end();
  }
}
