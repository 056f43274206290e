import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { type ExternalService, SERVICES } from "../../modules/external_services/services_setting.ts";
import { externalServices } from "../../modules/external_services.ts";
import type { ServerSettings } from "../../modules/module.ts";
import { FakeContext, NOW, ROMEO } from "./fake_context.ts";

const STUN: ExternalService = { type: "stun", host: "stun.capulet.lit", port: 3478, transport: "udp" };
const TURN: ExternalService = { type: "turn", host: "turn.capulet.lit", port: 3478, secret: "s3cret" };
const FTP: ExternalService = { type: "ftp", host: "ftp.capulet.lit", username: "u", password: "p" };
const STUN_XML = '<service type="stun" host="stun.capulet.lit" port="3478" transport="udp"/>';
const FTP_XML = '<service type="ftp" host="ftp.capulet.lit" username="u" password="p" restricted="true"/>';

function giving(known: readonly ExternalService[]): ServerSettings["of"] {
  return (setting) => {
    expect(setting).toBe(SERVICES as never);
    return known as never;
  };
}

const server = (known: readonly ExternalService[] = [STUN, FTP]) =>
  new FakeContext({ modules: [externalServices], settings: { of: giving(known) } });

const services = (type = "") => `<services xmlns="urn:xmpp:extdisco:2"${type}/>`;
const credentials = (attributes: string) =>
  `<credentials xmlns="urn:xmpp:extdisco:2"><service ${attributes}/></credentials>`;

describe("external services (XEP-0215)", () => {
  test.each([
    ["3.1 all", services(), `<services xmlns="urn:xmpp:extdisco:2">${STUN_XML}${FTP_XML}</services>`],
    [
      "3.2 of a type",
      services(' type="stun"'),
      `<services xmlns="urn:xmpp:extdisco:2" type="stun">${STUN_XML}</services>`,
    ],
    [
      "3.3 of one",
      credentials('type="ftp" host="ftp.capulet.lit"'),
      `<credentials xmlns="urn:xmpp:extdisco:2">${FTP_XML}</credentials>`,
    ],
    ["3.3 of none", credentials('type="ftp" host="elsewhere"'), "error item-not-found cancel"],
    ["3.3 another port", credentials('type="stun" host="stun.capulet.lit" port="1"'), "error item-not-found cancel"],
    ["3.3 without a host", credentials('type="ftp"'), "error bad-request modify"],
  ])("%s", async (_clause, request, expected) => {
    expect(await server().askServer(request)).toBe(expected);
  });

  test("a shared secret gives everybody credentials that expire", async () => {
    const expires = NOW / 1000 + 86_400;
    const username = `${expires}:new1`;
    const password = createHmac("sha1", "s3cret").update(username).digest("base64");
    expect(await server([TURN]).askServer(services())).toBe(
      `<services xmlns="urn:xmpp:extdisco:2"><service type="turn" host="turn.capulet.lit" port="3478"` +
        ` username="${username}" password="${password}" expires="2026-11-23T14:00:00.000Z" restricted="true"/></services>`,
    );
  });

  test("strangers are told nothing; without services there is no such protocol", async () => {
    expect(await server().askServer(services(), { from: ROMEO })).toBe("error forbidden auth");
    expect(await server([]).askServer(services())).toBe("error service-unavailable cancel");
    expect(server([]).description.domain.features).toEqual([]);
    expect(server().description.domain.features).toEqual(["urn:xmpp:extdisco:2"]);
  });
});
