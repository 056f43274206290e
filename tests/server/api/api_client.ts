/** Asks the HTTP API over a real connection. @module */
import type { AmpactServer, Scope } from "../../../mod.ts";

/** The tests look at what the server sends, whatever it is. */
type Json = ReturnType<typeof JSON.parse>;

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** In place of `json`. */
  readonly text?: string | Uint8Array | ReadableStream<Uint8Array>;
}

export interface StreamEvent {
  readonly id: string;
  readonly step: Json;
}

let made = 0;

export class ApiClient {
  readonly url: string;
  readonly token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }

  static async withToken(
    { tokens }: AmpactServer,
    port: number,
    scopes: readonly Scope[] = ["send", "read"],
  ): Promise<ApiClient> {
    return new ApiClient(`http://127.0.0.1:${port}/api`, await tokens.add(`test-${++made}`, scopes));
  }

  async ask(method: string, path: string, { headers = {}, json, text }: Ask = {}): Promise<ApiAnswer> {
    const body = text ?? (json === undefined ? undefined : JSON.stringify(json));
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    const answer = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json");
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(answer) : answer };
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<ApiAnswer> {
    return this.ask("GET", path, { headers });
  }

  post(path: string, json: unknown, headers: Readonly<Record<string, string>> = {}): Promise<ApiAnswer> {
    return this.ask("POST", path, { json, headers });
  }

  async open(path: string, headers: Readonly<Record<string, string>> = {}): Promise<EventStream> {
    const abort = new AbortController();
    const response = await fetch(this.url + path, {
      headers: { authorization: `Bearer ${this.token}`, ...headers },
      signal: abort.signal,
    });
    return new EventStream(response, abort);
  }
}

/** Server-sent events, read one by one. */
export class EventStream {
  readonly response: Response;
  readonly #abort: AbortController;
  readonly #events: AsyncIterableIterator<StreamEvent>;
  comments = 0;

  constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.#events = this.#read();
  }

  /** Undefined: the stream has ended. */
  async next(): Promise<StreamEvent | undefined> {
    return (await this.#events.next()).value;
  }

  /** Events up to the first that meets the condition. */
  async until(isLast: (event: StreamEvent) => boolean): Promise<StreamEvent[]> {
    const seen: StreamEvent[] = [];
    for (let event = await this.next(); event !== undefined; event = await this.next()) {
      seen.push(event);
      if (isLast(event)) return seen;
    }
    throw new Error(`The stream has ended after ${JSON.stringify(seen)}`);
  }

  close(): void {
    this.#abort.abort();
  }

  async *#read(): AsyncIterableIterator<StreamEvent> {
    const reader = this.response.body!.pipeThrough(new TextDecoderStream() as never).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
      if (done) return;
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        if (block.startsWith(":")) this.comments++;
        const id = /^id: (.*)$/m.exec(block)?.[1];
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (id !== undefined && data !== undefined) yield { id, step: JSON.parse(data) };
      }
    }
  }
}
