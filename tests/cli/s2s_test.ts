import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DnsServer, type Zone } from "../../chaos/dns_server.ts";
import { TestAuthority } from "../../chaos/test_authority.ts";
import { Program } from "../scripts/program.ts";
import { LinkEnd, TestDns } from "../transport/s2s/link_end.ts";

const ROOT = resolve(import.meta.dir, "../..");
const SCRIPT = join(ROOT, "scripts/server.ts");
const RUNTIMES = {
  bun: [process.execPath, SCRIPT],
  deno: [join(ROOT, "node_modules/.bin/deno"), "run", "-A", "--quiet", SCRIPT],
} as const;
const authority = new TestAuthority();
const files = authority.write(
  "a.lab",
  authority.make({ names: "DNS:a.lab", extensions: "extendedKeyUsage=serverAuth" }),
);

let dns: DnsServer;
let good: LinkEnd;
let bad: LinkEnd;
let folder = "";
beforeAll(async () => {
  const settings = { auth: ["external"], bidi: true } as const;
  const one = (domain: string, certificate = authority.issue(domain)) =>
    new LinkEnd({ domains: [domain], dns: new TestDns(), certificate, ca: authority.root, settings });
  good = one("good.lab");
  bad = one("bad.lab", authority.selfSigned("bad.lab"));
  const zone: Zone = {
    hosts: { "xmpp.good.lab": "127.0.0.1", "xmpp.bad.lab": "127.0.0.1", "closed.lab": "127.0.0.1" },
    srv: {
      "_xmpp-server._tcp.good.lab": { target: "xmpp.good.lab", port: await good.listen() },
      "_xmpps-server._tcp.bad.lab": { target: "xmpp.bad.lab", port: await bad.listen(true) },
      "_xmpp-server._tcp.closed.lab": { target: "closed.lab", port: 1 },
    },
  };
  dns = new DnsServer(zone);
  await dns.open();
});
afterAll(async () => {
  dns.close();
  await Promise.all([good.stop(), bad.stop()]);
  authority.remove();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ampact-s2s-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function start(args: readonly string[], runtime: keyof typeof RUNTIMES = "bun"): Program {
  const env = {
    AMPACT_DOMAINS: "a.lab",
    AMPACT_S2S_ENABLED: "true",
    AMPACT_HTTP_PORT: "0",
    AMPACT_C2S_PORT: "0",
    AMPACT_C2S_TLS_PORT: "0",
    AMPACT_S2S_PORT: "0",
    AMPACT_S2S_TLS_PORT: "0",
    AMPACT_S2S_AUTH: "external",
    AMPACT_S2S_DNS: `127.0.0.1:${dns.port}`,
    AMPACT_S2S_CA: files.ca,
    AMPACT_TLS_CERT: files.cert,
    AMPACT_TLS_KEY: files.key,
    AMPACT_LOG_LEVEL: "warn",
  };
  const [command, ...before] = RUNTIMES[runtime];
  return new Program(command, [...before, ...args], { cwd: folder, env });
}

async function run(args: readonly string[], runtime?: keyof typeof RUNTIMES) {
  const program = start(args, runtime);
  return { code: await program.exitCode, output: program.output, errors: program.errors };
}

describe.each(["bun", "deno"] as const)("s2s test on %s", (runtime) => {
  test("tells each step up to what the other server offers", async () => {
    const { code, output, errors } = await run(["s2s", "test", "GOOD.lab"], runtime);
    expect(errors).toBe("");
    expect(output.split("\n").map((line) => line.replaceAll(/port \d+/g, "port N"))).toEqual([
      "note         no server runs here: by dialback nobody could ask this one back",
      "DNS          xmpp.good.lab port N",
      "addresses    xmpp.good.lab: 127.0.0.1",
      "connecting   127.0.0.1 port N",
      "features     without TLS: startTls, bidi",
      "certificate  proves the domain (good.lab)",
      "features     over TLS: external, bidi",
      "auth         it accepts us by certificate (SASL EXTERNAL)",
      "features     over TLS: sm",
      "stream       ready; proof of receipt by XEP-0198; both directions",
      "AMP          yes (XEP-0079)",
      "OK           good.lab can be reached",
      "",
    ]);
    expect(code).toBe(0);
  });
});

test.each([
  ["bad.lab", "certificate  does not prove the domain: self-signed (bad.lab)", "s2s.ca"],
  ["closed.lab", "             failed: ", "firewall"],
  ["nowhere.lab", "FAILED       Cannot reach nowhere.lab: nowhere.lab has no address in DNS", "SRV record"],
  ["a.lab", "FAILED       Cannot reach a.lab: it is served here", "s2s.deny"],
])("s2s test %s: %s, and what to do about it", async (domain, line, advice) => {
  const { output } = await run(["s2s", "test", domain]);
  expect(output).toContain(line);
  expect(output).toContain("FAILED");
  expect(output).toContain(advice);
});

test("s2s asks the running server", async () => {
  expect(await run(["s2s"])).toMatchObject({
    code: 1,
    errors: "Cannot show streams to other servers: no server runs\n",
  });
  const server = start([]);
  await server.prints(/Next:/);
  expect((await run(["s2s"])).output).not.toBe("");
  expect((await run(["s2s", "test", "good.lab"])).output).toStartWith("DNS          xmpp.good.lab");
  server.kill("SIGTERM");
  await server.exitCode;
});
