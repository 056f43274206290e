/** Conversations between accounts and components over real sockets. @module */
import { afterAll, test } from "bun:test";
import type { Cast } from "../../conversation/cast.ts";
import { Play } from "../../conversation/play.ts";
import { type StageConfig, TestServer } from "../../conversation/test_server.ts";
import { GATEWAY, SECRET } from "./component_driver.ts";

const TIMEOUT_MS = 20_000;
const CLOCK = {
  now: Date.now,
  advance: () => {
    throw new Error("Cannot move the clock: this stage has none");
  },
};

type Plot = (cast: Cast, port: number) => Promise<void>;

export function componentStage(options: StageConfig = {}) {
  let started: Promise<{ readonly server: TestServer; readonly port: number }> | undefined;
  const start = async () => {
    const components = { domains: { [GATEWAY]: { secret: SECRET } }, ...options.components };
    // A component speaks with one process.
    const server = await TestServer.start({ domains: ["verona.example"], ...options, components, nodes: 1 });
    return { server, port: await server.app.listenForComponents({ port: 0 }) };
  };
  afterAll(async () => (await started)?.server.stop());
  return (name: string, plot: Plot): void => {
    test(
      name,
      async () => {
        started ??= start();
        const { server, port } = await started;
        await new Play(server, "websocket", CLOCK).perform((cast) => plot(cast, port));
      },
      TIMEOUT_MS,
    );
  };
}
