import { afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { RequestText, SlowRequestError } from "../../transport/bosh/request_text.ts";
import { waitFor } from "./fake_carrier.ts";
import { FakeClock } from "./fake_services.ts";
import { type LiveServer, startServer } from "./live_server.ts";

let server: LiveServer | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.stop();
  server = undefined;
});

/** Begins a request of that address, and never ends it. Returns what is answered. */
function beginRequest(port: number, address: string): { text: string; isEnded: boolean } {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  const seen = { text: "", isEnded: false };
  socket.on("data", (data) => {
    seen.text += data.toString();
  });
  socket.on("close", () => {
    seen.isEnded = true;
  });
  socket.on("error", () => {});
  socket.write(`POST /http-bind HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\nContent-Length: 99\r\n\r\n<body`);
  return seen;
}

test("an address may have so many requests that are still being received, and others have theirs", async () => {
  server = startServer({ uploadsPerAddress: 2 });
  const first = [1, 2].map(() => beginRequest(server!.port, "192.0.2.1"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const third = beginRequest(server.port, "192.0.2.1:80");
  await waitFor(() => third.isEnded);
  expect(third.text).toStartWith("HTTP/1.1 429 ");
  const other = beginRequest(server.port, "192.0.2.2");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([...first, other].map(({ text }) => text)).toEqual(["", "", ""]);
  for (const socket of sockets.splice(0)) socket.destroy();
  const { url } = server;
  const headers = { "x-forwarded-for": "192.0.2.1" };
  const later = () => fetch(`${url}/http-bind`, { method: "POST", body: "x", headers });
  let { status } = await later();
  // Until it has seen that they are gone.
  for (let tries = 0; status === 429 && tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    ({ status } = await later());
  }
  expect(status).toBe(200);
});

describe.each(["with its length", "in chunks"])("a request %s that does not go on", (kind) => {
  test("is given up after a time without a byte", async () => {
    const clock = new FakeClock();
    let send: (text: string) => void = () => {};
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        send = (text) => controller.enqueue(new TextEncoder().encode(text));
      },
    });
    const headers = kind === "in chunks" ? {} : { "content-length": "9" };
    const request = new Request("http://x", { method: "POST", body, headers, duplex: "half" } as RequestInit);
    const text = new RequestText(request, { least: 10, most: 10, of: () => 10 }, clock.schedule);
    const read = text.read().then(
      () => undefined,
      (error: unknown) => error,
    );
    send("<body");
    await new Promise((resolve) => setTimeout(resolve, 10));
    clock.advance(30_000);
    expect(await read).toBeInstanceOf(SlowRequestError);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(clock.waiting).toBe(0);
  });
});

test("such a request is answered, and its connection is closed", async () => {
  const tasks: (() => void)[] = [];
  server = startServer();
  const { services } = server;
  Object.assign(services, { schedule: (_ms: number, task: () => void) => tasks.push(task) && (() => {}) });
  const request = beginRequest(server.port, "192.0.2.1");
  await waitFor(() => tasks.length > 0);
  for (const task of tasks) task();
  await waitFor(() => request.isEnded);
  expect(request.text).toStartWith("HTTP/1.1 408 ");
});
