/** A client in a process of its own: commands and answers as lines of JSON, events in between. @module */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export type ClientEvent = Readonly<Record<string, unknown>>;

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly wanted: ClientEvent;
  readonly resolve: (event: ClientEvent) => void;
}

const LIMIT_MS = 10_000;
const SHOWN_CHARACTERS = 2000;

export class ClientProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #calls = new Map<number, (answer: Answer) => void>();
  readonly #events: ClientEvent[] = [];
  #waiting: Waiting[] = [];
  #lastId = 0;
  #errors = "";

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#child = spawn(program, args, { stdio: "pipe", env });
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#read(line));
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk).slice(-SHOWN_CHARACTERS);
    });
  }

  /** Resolves with what the command answers. Throws what it reports. */
  async call<T = unknown>(client: string, action: string, args: object = {}): Promise<T> {
    const id = ++this.#lastId;
    const answered = new Promise<Answer>((resolve) => this.#calls.set(id, resolve));
    this.#child.stdin.write(`${JSON.stringify({ id, client, do: action, ...args })}\n`);
    const answer = await this.#limited(answered, `${client} ${action}`);
    if (answer.error !== undefined) throw new Error(`Cannot ${action} as ${client}: ${answer.error}\n${this.#errors}`);
    return answer.result as T;
  }

  /** The first event not taken yet that has these values; it is taken with that. */
  async event(wanted: ClientEvent): Promise<ClientEvent> {
    const at = this.#events.findIndex((event) => matches(event, wanted));
    if (at >= 0) return this.#events.splice(at, 1)[0]!;
    const come = new Promise<ClientEvent>((resolve) => this.#waiting.push({ wanted, resolve }));
    return this.#limited(come, JSON.stringify(wanted));
  }

  /** Events that came and that nobody has taken. */
  untaken(wanted: ClientEvent): ClientEvent[] {
    return this.#events.filter((event) => matches(event, wanted));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }

  #read(line: string): void {
    const value = JSON.parse(line) as Answer | ClientEvent;
    if (typeof value.id === "number") this.#calls.get(value.id)?.(value as Answer);
    else this.#take(value as ClientEvent);
  }

  #take(event: ClientEvent): void {
    const waiting = this.#waiting.find(({ wanted }) => matches(event, wanted));
    if (waiting === undefined) this.#events.push(event);
    else {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      waiting.resolve(event);
    }
  }

  #limited<T>(promise: Promise<T>, what: string): Promise<T> {
    let timer: ReturnType<typeof setTimeout>;
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => fail(new Error(`Cannot wait for ${what} any longer\n${this.#report()}`)), LIMIT_MS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  #report(): string {
    return `untaken events: ${JSON.stringify(this.#events)}\nstandard error: ${this.#errors}`;
  }
}

function matches(event: ClientEvent, wanted: ClientEvent): boolean {
  return Object.entries(wanted).every(([key, value]) => Bun.deepEquals(event[key], value));
}
