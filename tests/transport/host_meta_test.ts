import { expect, test } from "bun:test";
import { connect } from "node:net";
import { startServer } from "./live_server.ts";

test.each(["host-meta", "host-meta.json"])("%s refuses a Host that is none, and no handler throws", async (name) => {
  const server = startServer();
  try {
    const socket = connect(server.port, "127.0.0.1");
    const answer = new Promise<string>((resolve) => socket.once("data", (data) => resolve(data.toString())));
    socket.write(`GET /.well-known/${name} HTTP/1.1\r\nHost: :99999999\r\n\r\n`);
    expect(await answer).toStartWith("HTTP/1.1 400 ");
    socket.destroy();
  } finally {
    await server.stop();
  }
});
