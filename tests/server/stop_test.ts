/** What is under way when the server stops. */
import { expect, test } from "bun:test";
import { createServer } from "../../server/create_server.ts";
import { createInlineStore } from "../../store/sqlite_store.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";

test("send() of a message that is still handed on rejects when the server stops", async () => {
  let attempted!: () => void;
  const attempt = new Promise<void>((resolve) => {
    attempted = resolve;
  });
  const never = () => {
    attempted();
    return new Promise<"accepted">(() => {});
  };
  const server = createServer({
    store: createInlineStore("sqlite::memory:"),
    log: SILENT_LOG,
    gateways: { "sms.localhost": never },
  });
  await server.start();
  const sent = server.send({ from: "localhost", to: "x@sms.localhost", body: "Hi" });
  const ended = Promise.resolve(sent).then(String, String);
  await attempt;
  await server.stop();
  expect(await ended).toBe("Error: Cannot tell outcome: the server has stopped");
});
