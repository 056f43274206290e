import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { DnsServer } from "../../chaos/dns_server.ts";
import { TestAuthority } from "../../chaos/test_authority.ts";
import { CertificateError } from "../../server/certificate.ts";
import { loadConfig } from "../../server/config.ts";
import { ConfigError } from "../../server/config_error.ts";
import { ListenError } from "../../server/listen_error.ts";
import { S2sEntrance } from "../../server/s2s_entrance.ts";
import { ServerCertificate } from "../../server/server_certificate.ts";
import type { CertificatePem } from "../../transport/tcp/tls_certificate.ts";
import { Jid } from "../../xmpp/jid.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";
import { Stanza } from "../../xmpp/stanza.ts";

const authority = new TestAuthority();
const zone = {
  hosts: { "xmpp.a.lab": "127.0.0.1", "xmpp.b.lab": "127.0.0.1" } as Record<string, string>,
  srv: {} as Record<string, { target: string; port: number }>,
};
let dns: DnsServer;
let folder = "";
let entrances: S2sEntrance[] = [];
beforeAll(async () => {
  dns = new DnsServer(zone);
  await dns.open();
  folder = mkdtempSync(join(tmpdir(), "ampact-entrance-"));
  writeFileSync(join(folder, "ca.pem"), authority.root);
});
afterEach(async () => {
  await Promise.all(entrances.map((entrance) => entrance.close()));
  entrances = [];
});
afterAll(() => {
  dns.close();
  authority.remove();
  rmSync(folder, { recursive: true });
});

interface Made {
  readonly entrance: S2sEntrance;
  readonly certificate: ServerCertificate;
  readonly received: Stanza[];
  readonly paths: { readonly cert: string; readonly key: string };
}

function make(domain: string, env: Record<string, string> = {}): Made {
  const paths = { cert: join(folder, `${domain}.crt`), key: join(folder, `${domain}.key`) };
  write(paths, authority.issue(domain));
  const config = loadConfig({
    env: {
      AMPACT_DOMAINS: domain,
      AMPACT_S2S_ENABLED: "true",
      AMPACT_S2S_CA: join(folder, "ca.pem"),
      AMPACT_S2S_DNS: `127.0.0.1:${dns.port}`,
      AMPACT_TLS_CERT: paths.cert,
      AMPACT_TLS_KEY: paths.key,
      ...env,
    },
  });
  const certificate = new ServerCertificate({ config, log: SILENT_LOG });
  let ids = 0;
  const entrance = new S2sEntrance({
    config,
    certificate,
    log: SILENT_LOG,
    now: Date.now,
    newId: () => `${domain}-${++ids}`,
    schedule(ms, task) {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
    secret: () => new TextEncoder().encode(domain),
  });
  entrances.push(entrance);
  const received: Stanza[] = [];
  entrance.connect({
    received(stanza, handled) {
      received.push(stanza);
      handled();
    },
  });
  return { entrance, certificate, received, paths };
}

function write(paths: { cert: string; key: string }, { cert, key }: CertificatePem): void {
  writeFileSync(paths.key, key);
  writeFileSync(paths.cert, cert);
}

async function open(domain: string, { entrance }: Made): Promise<number> {
  const { startTls } = await entrance.listen({ host: "127.0.0.1", port: 0, tlsPort: false });
  zone.srv[`_xmpp-server._tcp.${domain}`] = { target: `xmpp.${domain}`, port: startTls };
  return startTls;
}

const message = Stanza.parse(
  '<message xmlns="jabber:client" from="x@a.lab" to="y@b.lab" id="1"><body>hi</body></message>',
);

describe("S2sEntrance", () => {
  test("sends and receives by the configuration: certificate, authorities, DNS", async () => {
    const a = make("a.lab");
    const b = make("b.lab");
    await open("a.lab", a);
    await open("b.lab", b);
    await a.entrance.send(message, { proof: true });
    expect(b.received.map((stanza) => stanza.toString())).toEqual([message.toString()]);
    expect(a.entrance.report()?.streams).toMatchObject([{ auth: "external", encrypted: true, direction: "both" }]);
    await a.certificate.stop();
    await b.certificate.stop();
  });

  test("speaks for components too, by dialback where the certificate does not name them", async () => {
    const components = JSON.stringify({ "gw.a.lab": { secret: "a secret of components" } });
    const a = make("a.lab", { AMPACT_COMPONENTS_DOMAINS: components });
    const b = make("b.lab");
    const port = await open("a.lab", a);
    zone.srv["_xmpp-server._tcp.gw.a.lab"] = { target: "xmpp.a.lab", port };
    await open("b.lab", b);
    const there = message.readdress({ from: Jid.parse("bot@gw.a.lab") });
    await a.entrance.send(there, { proof: true });
    expect(b.received.map((stanza) => stanza.toString())).toEqual([there.toString()]);
    const back = there.readdress({ from: there.to, to: there.from });
    await b.entrance.send(back, { proof: true });
    expect(a.received.map((stanza) => stanza.toString())).toEqual([back.toString()]);
    expect(b.entrance.report()?.streams.map(({ remote, auth }) => [remote, auth])).toContainEqual([
      "gw.a.lab",
      "dialback",
    ]);
    await a.certificate.stop();
    await b.certificate.stop();
  });

  test("sends nothing before it listens, nor after close()", async () => {
    const a = make("a.lab");
    const fault = () => a.entrance.send(message, { proof: true }).catch((error) => error.fault);
    expect(await fault()).toBe("unreachable");
    expect(a.entrance.report()).toBeUndefined();
    await open("a.lab", a);
    await a.entrance.close();
    expect(await fault()).toBe("unreachable");
    await a.certificate.stop();
  });

  test("shows a certificate that was replaced to new connections", async () => {
    const a = make("a.lab");
    const { tls } = await a.entrance.listen({ host: "127.0.0.1", port: false, tlsPort: 0 });
    const before = await fingerprint(tls);
    expect(await fingerprint(tls)).toBe(before);
    write(a.paths, authority.issue("a.lab"));
    await a.certificate.check();
    expect(await fingerprint(tls)).not.toBe(before);
    await a.certificate.stop();
  });

  test("tells what stands in the way", async () => {
    const none = make("a.lab", { AMPACT_S2S_CA: join(folder, "none.pem") });
    await expect(none.entrance.listen({ port: 0 })).rejects.toThrow(CertificateError);
    const a = make("a.lab");
    const port = await open("a.lab", a);
    const taken = make("b.lab");
    await expect(taken.entrance.listen({ host: "127.0.0.1", port, tlsPort: false })).rejects.toThrow(ListenError);
    for (const { certificate } of [none, a, taken]) await certificate.stop();
  });
});

function fingerprint(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

describe("settings of streams between servers", () => {
  const config = (env: Record<string, string>) => loadConfig({ env }).s2s;

  test("are off unless set", () => {
    expect(config({ AMPACT_DOMAINS: "a.lab" }).enabled).toBe(false);
    expect(config({ AMPACT_DOMAINS: "a.lab", AMPACT_S2S_ENABLED: "true" }).enabled).toBe(true);
  });

  test("listen where the listeners for clients do, unless set", () => {
    expect(config({ AMPACT_C2S_HOST: "::" }).host).toBe("::");
    expect(config({ AMPACT_C2S_HOST: "::", AMPACT_S2S_HOST: "127.0.0.1" }).host).toBe("127.0.0.1");
  });

  test("are read in their canonical form", () => {
    const {
      allow,
      deny,
      require,
      auth,
      dns: servers,
    } = config({
      AMPACT_S2S_ALLOW: "A.lab, *.B.lab",
      AMPACT_S2S_DENY: "c.lab",
      AMPACT_S2S_REQUIRE: '{"D.lab": {"auth": ["external"], "tls": true}}',
      AMPACT_S2S_AUTH: "dialback",
      AMPACT_S2S_DNS: "127.0.0.1:5353,[::1]:53,192.0.2.1,2001:db8::1",
    });
    expect({ allow, deny, require, auth, servers }).toEqual({
      allow: ["a.lab", "*.b.lab"],
      deny: ["c.lab"],
      require: { "d.lab": { auth: ["external"], tls: true } },
      auth: ["dialback"],
      servers: ["127.0.0.1:5353", "[::1]:53", "192.0.2.1", "2001:db8::1"],
    });
  });

  test.each([
    ["AMPACT_S2S_AUTH", "none"],
    ["AMPACT_S2S_AUTH", ""],
    ["AMPACT_S2S_ALLOW", "x@a.lab"],
    ["AMPACT_S2S_DENY", "*.*.lab"],
    ["AMPACT_S2S_REQUIRE", '{"a.lab": {"tsl": true}}'],
    ["AMPACT_S2S_REQUIRE", '{"a.lab": {"auth": []}}'],
    ["AMPACT_S2S_REQUIRE", "a.lab"],
    ["AMPACT_S2S_DNS", "dns.lab"],
    ["AMPACT_S2S_DNS", "127.0.0.1:99999"],
    ["AMPACT_S2S_PORT", "-1"],
  ])("%s=%s is refused", (name, value) => {
    expect(() => config({ [name]: value })).toThrow(ConfigError);
  });
});
