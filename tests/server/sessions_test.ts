import { expect, test } from "bun:test";
import { createServer } from "../../mod.ts";

test("a server tells of its state, its sessions and what waits, and has no file to back up in memory", async () => {
  await using server = createServer({ store: "sqlite::memory:" });
  expect(() => server.sessions.list()).toThrow("it is not started");
  expect((await server.status()).state).toBe("not started");
  await server.start();
  await server.accounts.add("romeo@localhost", "secret");
  expect((await server.send({ to: "romeo@localhost", body: "hello" })).kind).toBe("stored");
  expect(await server.status()).toMatchObject({ state: "ready", sessions: { websocket: 0 } });
  expect(server.sessions.list()).toEqual([]);
  expect(server.sessions.close("romeo@localhost")).toEqual([]);
  expect(await Array.fromAsync(server.waiting.owners())).toEqual([{ jid: "romeo@localhost", messages: 1 }]);
  const [first, ...more] = await server.waiting.messages("romeo@localhost/tab");
  expect([first?.from, more]).toEqual(["localhost", []]);
  expect(await server.waiting.messages("romeo@localhost", { after: first!.seq })).toEqual([]);
  expect(await server.backups.begin().catch(String)).toContain("it is in no file of this server");
});
