import { expect, test } from "bun:test";
import { createServer } from "../../mod.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";
import { GatedStore } from "../actors/delivery/gated_store.ts";

test("who has given up waiting for a keyed message reads no timeline any more", async () => {
  const store = new GatedStore();
  const gateways = { "slow.example": () => new Promise<never>(() => {}) };
  const server = createServer({ store, gateways, log: SILENT_LOG });
  await server.start();
  const send = () => server.send({ to: "a@slow.example", body: "hi" }, { key: "k", timeoutMs: 100 });
  for (let i = 0; i < 3; i++) expect(await send().then(String, (error) => error.message)).toContain("within 100 ms");
  store.calls.length = 0;
  for (let i = 0; i < 5; i++) await server.send({ to: "nobody@localhost", body: "hi" });
  await Bun.sleep(50);
  expect(store.calls).toContain("noteSteps");
  expect(store.calls).not.toContain("timeline");
  await server.stop();
});
