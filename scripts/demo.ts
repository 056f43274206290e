/**
 * `npm run demo`, or `deno run -A scripts/demo.ts`: a server, two people with third-party clients, and the outcomes of
 * Juliet's messages. Exit code 0 when the story went as expected.
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configure } from "@logtape/logtape";
import { listenHttp } from "../cli/http_listener.ts";
import { createServer } from "../mod.ts";
import { Narrator } from "./demo/narrator.ts";
import { StoryError } from "./demo/player.ts";
import { type Scene, tellStory } from "./demo/story.ts";

const HOST = "127.0.0.1";

async function main(): Promise<void> {
  const narrator = new Narrator(process.stdout);
  const folder = await mkdtemp(join(tmpdir(), "ampact-demo-"));
  const server = createServer({ dataDir: folder, c2s: { port: 0, tlsPort: 0 } });
  try {
    await configure({ sinks: {}, loggers: [{ category: ["logtape", "meta"], lowestLevel: null }] });
    await server.start();
    const http = listenHttp(server, { host: HOST, port: 0 });
    const scene: Scene = {
      narrator,
      accounts: server.accounts,
      webSocketUrl: `ws://${HOST}:${http.port}/xmpp-websocket`,
      boshUrl: `http://${HOST}:${http.port}/http-bind`,
    };
    await tellStory(scene);
    await server.stop();
    await http.stop();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof StoryError ? `\nThis was not to happen: ${error.message}` : error);
    process.exit(1);
  },
);
