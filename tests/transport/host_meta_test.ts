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

test.each(["host-meta", "host-meta.json"])(
  "%s is not shared by caches where it depends on the request",
  async (name) => {
    for (const [publicUrl, caching, vary] of [
      [undefined, "private, no-cache", "Host, X-Forwarded-Proto"],
      ["https://chat.example.org", "public, max-age=3600", null],
    ] as const) {
      const server = startServer({ publicUrl });
      try {
        const { headers } = await fetch(`${server.url}/.well-known/${name}`);
        expect([headers.get("cache-control"), headers.get("vary")]).toEqual([caching, vary]);
      } finally {
        await server.stop();
      }
    }
  },
);
