import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { type CertificateOptions, ensureCertificate } from "../../server/certificate.ts";

const DAY = 86_400_000;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ampact-certificate-"));
});

afterAll(() => rm(folder, { recursive: true }));

function options(name: string, change: Partial<CertificateOptions> = {}): CertificateOptions {
  return { dataDir: join(folder, name), domains: ["localhost", "chat.example"], ...change };
}

describe("ensureCertificate()", () => {
  test("makes a certificate for all domains that only the owner can read", async () => {
    const made = await ensureCertificate(options("made"));
    expect(made.selfSigned).toBe(true);
    expect(new X509Certificate(made.cert).subjectAltName).toBe("DNS:localhost, DNS:chat.example");
    for (const file of ["selfsigned-cert.pem", "selfsigned-key.pem"]) {
      expect((await stat(join(folder, "made", file))).mode & 0o777).toBe(0o600);
    }
  });

  test("names an IP address and an internationalised domain in their certificate forms", async () => {
    const { cert } = await ensureCertificate(options("names", { domains: ["127.0.0.1", "bücher.example"] }));
    expect(new X509Certificate(cert).subjectAltName).toBe("IP Address:127.0.0.1, DNS:xn--bcher-kva.example");
  });

  test("gives a certificate that a TLS client trusts when it is its authority", async () => {
    const { cert, key } = await ensureCertificate(options("made"));
    expect(await connect(cert, key)).toEqual({ authorized: true, heard: "hello" });
  });

  const now = Date.now();
  test.each([
    { when: "nothing changed", change: {}, same: true },
    { when: "the domains are fewer", change: { domains: ["localhost"] }, same: true },
    { when: "a domain was added", change: { domains: ["localhost", "new.example"] }, same: false },
    { when: "40 days remain", change: { now: now + 784 * DAY }, same: true },
    { when: "20 days remain", change: { now: now + 804 * DAY }, same: false },
  ])("keeps the certificate: $same, when $when", async ({ when, change, same }) => {
    const first = await ensureCertificate(options(when, { now }));
    const second = await ensureCertificate(options(when, { now, ...change }));
    expect(second.cert === first.cert).toBe(same);
    expect(second.key === first.key).toBe(same);
  });

  test("makes a new one when the kept files are damaged", async () => {
    const first = await ensureCertificate(options("damaged"));
    await writeFile(join(folder, "damaged", "selfsigned-cert.pem"), "not a certificate");
    const second = await ensureCertificate(options("damaged"));
    expect(second.cert).toContain("BEGIN CERTIFICATE");
    expect(second.cert).not.toBe(first.cert);
  });

  test("uses the administrator's files", async () => {
    const { cert } = await ensureCertificate(options("given"));
    const certFile = join(folder, "given", "selfsigned-cert.pem");
    const keyFile = join(folder, "given", "selfsigned-key.pem");
    const given = await ensureCertificate(options("unused", { certFile, keyFile }));
    expect(given).toMatchObject({ cert, selfSigned: false });
  });

  test("refuses a file that is missing and a key of another certificate", async () => {
    await ensureCertificate(options("one"));
    await ensureCertificate(options("two"));
    const certFile = join(folder, "one", "selfsigned-cert.pem");
    const keyFile = join(folder, "two", "selfsigned-key.pem");
    const missing = join(folder, "missing.pem");
    const load = (change: Partial<CertificateOptions>) => ensureCertificate(options("unused", change));
    await expect(load({ certFile: missing, keyFile })).rejects.toThrow(`Cannot read certificate ${missing}`);
    await expect(load({ certFile, keyFile })).rejects.toThrow(`${keyFile} does not hold its private key`);
  });
});

/** One TLS conversation over a free port. */
function connect(cert: string, key: string): Promise<{ authorized: boolean; heard: string }> {
  return new Promise((resolve, reject) => {
    const server = tls.createServer({ cert, key }, (socket) => socket.end("hello"));
    server.on("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      const client = tls.connect({ host: "127.0.0.1", port, servername: "localhost", ca: cert });
      let heard = "";
      client.on("data", (data) => {
        heard += data.toString();
      });
      client.on("error", reject).on("end", () => {
        resolve({ authorized: client.authorized, heard });
        client.end();
        server.close();
      });
    });
  });
}
