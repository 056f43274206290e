/** XMPP over WebSocket (RFC 7395), frame by frame, for mutated frames. @module */

const OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";
const STEP_MS = 5000;
const ANSWER_MS = 100;

export class Socket {
  readonly frames: string[] = [];
  isClosed = false;
  readonly #socket: WebSocket;
  #wake: () => void = () => {};

  private constructor(port: number) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/xmpp-websocket`, "xmpp");
    this.#socket.onmessage = ({ data }) => {
      this.frames.push(String(data));
      this.#wake();
    };
    this.#socket.onclose = () => {
      this.isClosed = true;
      this.#wake();
    };
  }

  /** Resolves when the server has told its features. */
  static async open(port: number): Promise<Socket> {
    const socket = new Socket(port);
    await new Promise<void>((resolve, reject) => {
      socket.#socket.onopen = () => resolve();
      socket.#socket.onerror = () => reject(new Error("Cannot connect: the server does not accept"));
    });
    socket.send(OPEN);
    if (!(await socket.sees("features"))) throw new Error("Cannot open stream: no features");
    return socket;
  }

  /** Logged in, with a bound resource. */
  static async login(port: number, user: string, password: string): Promise<Socket> {
    const socket = await Socket.open(port);
    const secret = Buffer.from(`\0${user}\0${password}`).toString("base64");
    socket.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`);
    if (!(await socket.sees("<success"))) throw new Error("Cannot log in: no success");
    socket.frames.length = 0;
    socket.send(OPEN);
    await socket.sees("features");
    socket.send("<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    if (!(await socket.sees("<jid>")))
      throw new Error(`Cannot bind: ${socket.frames.join(" ").slice(-300) || "no answer"}`);
    return socket;
  }

  send(frame: string): void {
    if (!this.isClosed) this.#socket.send(frame);
  }

  /** Whether a frame with this text comes before the stream ends, and in time. */
  sees(text: string): Promise<boolean> {
    return this.#until(() => this.frames.some((frame) => frame.includes(text)), STEP_MS);
  }

  /** Waits shortly for an answer: not every frame has one. */
  async grows(length: number): Promise<void> {
    await this.#until(() => this.frames.length > length, ANSWER_MS);
  }

  async #until(holds: () => boolean, ms: number): Promise<boolean> {
    const until = performance.now() + ms;
    while (!holds()) {
      const left = until - performance.now();
      if (this.isClosed || left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  close(): void {
    this.#socket.close();
  }
}
