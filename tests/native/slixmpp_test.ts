import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { skipReason, TEST_TOOLS } from "../../scripts/install_test_tools/test_tool.ts";
import { NS } from "../../xmpp/ns.ts";
import { ClientProcess } from "./client_process.ts";
import { DOMAIN, type NativeServer, PASSWORD, startNativeServer } from "./native_server.ts";

const ROMEO = `romeo@${DOMAIN}`;
const JULIET = `juliet@${DOMAIN}`;
const DRIVER = new URL("slixmpp_driver.py", import.meta.url).pathname;

setDefaultTimeout(20_000);

type Rule = readonly [action: string, condition: string, value: string];

const missing = skipReason(TEST_TOOLS.slixmpp);
if (missing !== undefined) test.skip(`slixmpp over TCP with STARTTLS ${missing}`, () => {});
else describe("slixmpp over TCP with STARTTLS", slixmpp);

function slixmpp(): void {
  let server: NativeServer;
  let clients: ClientProcess;

  beforeAll(async () => {
    server = await startNativeServer(["romeo", "juliet"]);
    clients = new ClientProcess(TEST_TOOLS.slixmpp.find()!, [DRIVER]);
  });

  afterAll(async () => {
    await clients?.stop();
    await server?.stop();
  });

  const login = (name: string) =>
    clients.call<{ tls: string; resumable: boolean }>(name, "login", {
      jid: `${name}@${DOMAIN}/slixmpp`,
      password: PASSWORD,
      port: server.startTlsPort,
      trusted: server.certificateFile,
    });
  const send = (name: string, to: string, body: string, ...rules: Rule[]) =>
    clients.call<string>(name, "send_text", { to, body, rules });
  const received = (name: string, body: string) => clients.event({ client: name, event: "message", body });

  test("logs in with a certificate that it checks, and gets a session that can be resumed", async () => {
    for (const session of await Promise.all([login("romeo"), login("juliet")])) {
      expect(session.tls).toMatch(/^TLSv1\.[23]$/);
      expect(session.resumable).toBe(true);
    }
  });

  test("subscribes both ways", async () => {
    await clients.call("romeo", "subscribe", { to: JULIET });
    await Promise.all([
      clients.event({ client: "romeo", event: "available", from: `${JULIET}/slixmpp` }),
      clients.event({ client: "juliet", event: "available", from: `${ROMEO}/slixmpp` }),
    ]);
  });

  test("chats both ways", async () => {
    await send("romeo", JULIET, "She speaks!");
    expect(await received("juliet", "She speaks!")).toMatchObject({ from: `${ROMEO}/slixmpp`, delayed: false });
    await send("juliet", ROMEO, "O Romeo, Romeo!");
    expect(await received("romeo", "O Romeo, Romeo!")).toMatchObject({ from: `${JULIET}/slixmpp`, delayed: false });
  });

  test("pages through the archive (xep_0313)", async () => {
    for (const page of [1, 10]) {
      const bodies = await clients.call("romeo", "archive", { with_jid: JULIET, page });
      expect(bodies).toEqual(["She speaks!", "O Romeo, Romeo!"]);
    }
  });

  test("discovers AMP (xep_0079)", async () => {
    const features = await clients.call("romeo", "amp_features");
    expect(features).toContain(NS.AMP);
    expect(features).toContain(`${NS.AMP}?condition=expire-at`);
  });

  test("is told of direct delivery, and of a rule that forbids it (xep_0079)", async () => {
    const direct: Rule = ["notify", "deliver", "direct"];
    const notified = await send("romeo", JULIET, "How art thou out of breath?", direct);
    await received("juliet", "How art thou out of breath?");
    expect(await clients.event({ client: "romeo", event: "amp_notify" })).toMatchObject({
      from: DOMAIN,
      stanza_id: notified,
      rules: [direct],
    });
    const forbidden: Rule = ["error", "deliver", "direct"];
    const refused = await send("romeo", JULIET, "Not thus", forbidden);
    expect(await clients.event({ client: "romeo", event: "amp_error" })).toMatchObject({
      stanza_id: refused,
      rules: [forbidden],
    });
  });

  test("blocks, and is heard again when unblocked (xep_0191)", async () => {
    await clients.call("juliet", "block", { jid: ROMEO });
    expect(await clients.call("juliet", "blocked")).toEqual([ROMEO]);
    const refused = await send("romeo", JULIET, "Art thou not Romeo?");
    expect(await clients.event({ client: "romeo", event: "bounce", stanza_id: refused })).toMatchObject({
      condition: "service-unavailable",
    });
    await clients.call("juliet", "unblock", { jid: ROMEO });
    expect(await clients.call("juliet", "blocked")).toEqual([]);
    await send("romeo", JULIET, "Neither, fair saint");
    await received("juliet", "Neither, fair saint");
    expect(clients.untaken({ client: "juliet", event: "message" })).toEqual([]);
  });

  test("is told of storage, and who was away gets the message with its time", async () => {
    await clients.call("juliet", "logout");
    await clients.event({ client: "romeo", event: "unavailable", from: `${JULIET}/slixmpp` });
    const stored: Rule = ["notify", "deliver", "stored"];
    const id = await send("romeo", JULIET, "Good night, good night!", stored);
    expect(await clients.event({ client: "romeo", event: "amp_notify" })).toMatchObject({
      stanza_id: id,
      rules: [stored],
    });
    await login("juliet");
    expect(await received("juliet", "Good night, good night!")).toMatchObject({ delayed: true });
  });
}
