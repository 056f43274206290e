import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "../../mod.ts";
import { ensureCertificate } from "../../server/certificate.ts";
import type { Log } from "../../xmpp/log.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "ampact-advice-"));
  folders.push(path);
  return path;
}

/** What the operator is warned of where a server listens, with a certificate for those names unless it makes its own. */
async function warnings(host: string, domains: string[], named?: string[]): Promise<unknown[]> {
  const told: unknown[] = [];
  const log: Log = { debug() {}, info() {}, error() {}, warn: (what, record) => told.push([what, record]) };
  const server = createServer({ store: "sqlite::memory:", dataDir: folder(), domains, log });
  const certificate = named && (await ensureCertificate({ dataDir: folder(), domains: named }));
  await server.start();
  await server.listen({ host, port: 0, tlsPort: 0, ...(certificate && { certificate }) });
  await server.stop();
  return told;
}

const selfSigned = (host: string) => ["certificate is self-signed: clients elsewhere will not trust it", { host }];

test("a self-signed certificate is fine on this machine alone", async () => {
  for (const host of ["127.0.0.1", "localhost"]) expect(await warnings(host, ["localhost"])).toEqual([]);
});

test("listen() warns of a self-signed one where others reach it, made or given", async () => {
  expect(await warnings("0.0.0.0", ["localhost"])).toEqual([selfSigned("0.0.0.0")]);
  expect(await warnings("0.0.0.0", ["localhost"], ["localhost"])).toEqual([selfSigned("0.0.0.0")]);
});

test("listen() warns of domains that the certificate does not name", async () => {
  const domains = ["chat.example.org", "b\u00fccher.example.org", "127.0.0.1"];
  expect(await warnings("127.0.0.1", domains, domains)).toEqual([]);
  expect(await warnings("127.0.0.1", domains, ["*.example.org"])).toEqual([
    ["certificate does not name all domains", { missing: ["127.0.0.1"], names: "DNS:*.example.org" }],
  ]);
  expect(await warnings("127.0.0.1", ["chat.example"], ["other.example"])).toEqual([
    ["certificate does not name all domains", { missing: ["chat.example"], names: "DNS:other.example" }],
  ]);
});
