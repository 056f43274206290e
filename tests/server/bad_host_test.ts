import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { createServer } from "../../server/create_server.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";

const server = createServer({ store: "sqlite::memory:", log: SILENT_LOG });
let http: Bun.Server<undefined>;

beforeAll(async () => {
  await server.start();
  const { app, websocket } = server;
  http = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch, websocket }) as Bun.Server<undefined>;
});

afterAll(async () => {
  await http.stop(true);
  await server.stop();
});

test.each(["/?", "/xmpp-websocket", "/.well-known/host-meta"])(
  "RFC 9112 3.2: %s with a Host that is none gets 400, and no page of an exception",
  async (path) => {
    const socket = connect(http.port!, "127.0.0.1");
    const answer = new Promise<string>((resolve, reject) => {
      socket.once("data", (data) => resolve(data.toString()));
      socket.once("error", reject);
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 9 e\r\n\r\n`);
    expect(await answer).toStartWith("HTTP/1.1 400 ");
    socket.destroy();
  },
);
