import { afterAll, beforeAll, expect, test } from "bun:test";
import { NS } from "../../../xmpp/ns.ts";
import { Element } from "../../../xmpp/xml/element.ts";
import { PASSWORD, TestServer } from "../../conversation/test_server.ts";
import { authenticate } from "./sasl2_client.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  await server.addAccounts(["user@localhost"]);
});
afterAll(() => server.stop());

async function post(attributes: string, content = ""): Promise<Element> {
  const body = `<body xmlns="${NS.HTTPBIND}" ${attributes}>${content}</body>`;
  const response = await fetch(`http://127.0.0.1:${server.address.httpPort}/http-bind`, { method: "POST", body });
  return Element.parse(await response.text());
}

test("SASL2 over BOSH binds a resource in one request, without a restart", async () => {
  const created = await post(
    `rid="1" to="localhost" wait="5" hold="1" ver="1.6" xmlns:xmpp="${NS.XBOSH}" xmpp:version="1.0"`,
  );
  const sid = created.attr("sid")!;
  const offer = created.child("features", NS.STREAM)!.child("authentication", NS.SASL2)!;
  expect(offer.child("inline", NS.SASL2)!.elements.map(({ name }) => name)).toEqual(["bind", "fast"]);
  const content = `<bind xmlns="${NS.BIND2}"><enable xmlns="${NS.CARBONS}"/><enable xmlns="${NS.SM}"/></bind>`;
  const answer = await post(`rid="2" sid="${sid}"`, authenticate("PLAIN", { data: `\0user\0${PASSWORD}`, content }));
  const success = answer.child("success", NS.SASL2)!;
  const jid = success.child("authorization-identifier", NS.SASL2)!.text;
  expect(jid).toStartWith("user@localhost/");
  expect(success.child("bound", NS.BIND2)!.child("failed", NS.SM)).toBeDefined();
  expect(answer.child("features", NS.STREAM)!.child("bind", NS.BIND)).toBeUndefined();
  const ping = `<iq xmlns="jabber:client" type="get" id="p" to="localhost"><ping xmlns="${NS.PING}"/></iq>`;
  const pong = (await post(`rid="3" sid="${sid}"`, ping)).child("iq", NS.CLIENT)!;
  expect(pong.attributes).toMatchObject({ id: "p", type: "result", to: jid });
  expect((await post(`rid="4" sid="${sid}" type="terminate"`)).attr("type")).toBe("terminate");
});
