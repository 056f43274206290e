import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { freePort } from "../../scripts/local_port.ts";
import { type Certificate, ensureCertificate } from "../../server/certificate.ts";
import { type CertificateSource, CertificateWatch } from "../../server/certificate_watch.ts";
import { NS } from "../../xmpp/ns.ts";
import { Program } from "../scripts/program.ts";

const ROOT = resolve(import.meta.dir, "../..");
const RUNTIMES = {
  bun: [process.execPath],
  deno: [join(ROOT, "node_modules/.bin/deno"), "run", "-A"],
} as const;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ampact-cert-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const certFile = () => join(folder, "cert.pem");
const keyFile = () => join(folder, "key.pem");

function makeCertificate(domain: string): Promise<Certificate> {
  return ensureCertificate({ dataDir: join(folder, domain), domains: [domain] });
}

function install({ cert, key }: Certificate): void {
  writeFileSync(certFile(), cert);
  writeFileSync(keyFile(), key);
}

describe("CertificateWatch", () => {
  let records: string[] = [];
  let used: Certificate[] = [];
  let watch: CertificateWatch;
  afterEach(() => watch.stop());

  async function start(checkMs?: number): Promise<readonly [Certificate, Certificate]> {
    const pair = [await makeCertificate("one.example"), await makeCertificate("two.example")] as const;
    install(pair[0]);
    records = [];
    used = [];
    const note = (what: string, record?: Record<string, unknown>) => {
      records.push(`${what} ${record?.names ?? record?.error ?? ""}`.trim());
    };
    const source: CertificateSource = {
      load: () =>
        ensureCertificate({ certFile: certFile(), keyFile: keyFile(), dataDir: folder, domains: ["one.example"] }),
      use: (certificate) => used.push(certificate),
      log: { debug: note, info: note, warn: note, error: note },
    };
    watch = new CertificateWatch(source, await source.load(), checkMs);
    return pair;
  }

  test("uses a certificate that has changed, once", async () => {
    const [, second] = await start();
    await watch.check();
    expect(used).toEqual([]);
    install(second);
    await watch.check();
    await watch.check();
    expect(used.map(({ cert }) => cert)).toEqual([second.cert]);
    expect(records).toEqual(["certificate replaced DNS:two.example"]);
  });

  test("keeps the old one while certificate and key do not match, and says so once", async () => {
    const [, second] = await start();
    writeFileSync(certFile(), second.cert);
    await watch.check();
    await watch.check();
    expect(used).toEqual([]);
    expect(records).toHaveLength(1);
    expect(records[0]).toStartWith("certificate kept Cannot use certificate ");
    writeFileSync(keyFile(), second.key);
    await watch.check();
    expect(used).toHaveLength(1);
  });

  test("keeps the old one where a file is gone", async () => {
    await start();
    rmSync(keyFile());
    await watch.check();
    expect(records[0]).toStartWith("certificate kept Cannot read key ");
  });

  test("looks by itself", async () => {
    const [, second] = await start(5);
    install(second);
    for (let i = 0; i < 400 && used.length === 0; i++) await Bun.sleep(5);
    expect(used).toHaveLength(1);
  });
});

describe.each(["bun", "deno"] as const)("the server on %s", (runtime) => {
  test("takes a new certificate at SIGHUP, and open connections go on", async () => {
    const [first, second] = [await makeCertificate("one.example"), await makeCertificate("two.example")];
    install(first);
    const port = await freePort();
    const [command, ...args] = RUNTIMES[runtime];
    const server = new Program(command, [...args, join(ROOT, "scripts/server.ts")], {
      cwd: folder,
      env: {
        AMPACT_HTTP_PORT: "0",
        AMPACT_C2S_PORT: "0",
        AMPACT_C2S_TLS_PORT: String(port),
        AMPACT_TLS_CERT: certFile(),
        AMPACT_TLS_KEY: keyFile(),
        AMPACT_STORE_URL: "sqlite::memory:",
        AMPACT_LOG_LEVEL: "info",
        AMPACT_LOG_FORMAT: "text",
      },
    });
    try {
      await server.prints(/Next:/);
      const before = await dial(port);
      expect(before.getPeerCertificate().subjectaltname).toBe("DNS:one.example");
      install(second);
      server.kill("SIGHUP");
      for (let i = 0; i < 400 && !server.errors.includes("certificate replaced"); i++) await Bun.sleep(10);
      expect(server.errors).toContain('names="DNS:two.example"');
      const after = await dial(port);
      expect(after.getPeerCertificate().subjectaltname).toBe("DNS:two.example");
      const header = `<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='${NS.STREAM}'>`;
      const answer = new Promise((resolve) => before.once("data", resolve));
      before.write(header);
      expect(String(await answer)).toContain("<stream:stream ");
      before.destroy();
      after.destroy();
    } finally {
      server.kill("SIGTERM");
    }
    expect(await server.exitCode).toBe(0);
  });
});

function dial(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, servername: "localhost" }, () =>
      resolve(socket),
    );
    socket.on("error", reject);
  });
}
