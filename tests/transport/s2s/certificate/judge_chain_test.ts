import { afterAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { rootCertificates } from "node:tls";
import fc from "fast-check";
import { TestAuthority } from "../../../../chaos/test_authority.ts";
import { DerError, readDer } from "../../../../transport/s2s/certificate/der.ts";
import { readExtensions } from "../../../../transport/s2s/certificate/extensions.ts";
import { judgeChain, judgeDomain } from "../../../../transport/s2s/certificate/judge_chain.ts";
import { namesDomain } from "../../../../transport/s2s/certificate/names_domain.ts";
import { certificatesIn, TrustedRoots } from "../../../../transport/s2s/certificate/trusted_roots.ts";

const ROOT = resolve(import.meta.dir, "../../../..");
const authority = new TestAuthority();
const stranger = new TestAuthority();
const folder = mkdtempSync(join(tmpdir(), "ampact-judge-"));
afterAll(() => {
  authority.remove();
  stranger.remove();
  rmSync(folder, { recursive: true });
});

const DNS = { names: "DNS:b.lab" };
const PAST = { from: "20200101000000Z", until: "20200201000000Z" };
const FUTURE = { from: "20400101000000Z", until: "20400201000000Z" };
const RSA_1024 = ["-newkey", "rsa:1024", "-nodes"];
const SRV_NAME = "1.3.6.1.5.5.7.8.7;IA5STRING:_xmpp-server.b.lab";
const XMPP_ADDR = "1.3.6.1.5.5.7.8.5;UTF8:b.lab";
const below = authority.makeBelow(DNS);

const CASES: readonly (readonly [string, string, string])[] = [
  ["of a trusted authority", authority.make(DNS).cert, "none found"],
  ["for servers only", authority.issue("b.lab").cert, "none found"],
  ["for clients only", authority.make({ ...DNS, extensions: "extendedKeyUsage=clientAuth" }).cert, "none found"],
  ["for mail only", authority.make({ ...DNS, extensions: "extendedKeyUsage=emailProtection" }).cert, "not-for-servers"],
  ["below an intermediate authority", below.cert, "none found"],
  ["below one that is not shown", below.leaf, "unknown-authority"],
  ["below one, in another order", below.leaf + certificatesIn(below.cert).toReversed().join("\n"), "none found"],
  ["below one that has expired", authority.makeBelow(DNS, PAST).cert, "expired"],
  [
    "below one that is no authority",
    authority.makeBelow(DNS, { extensions: "basicConstraints=CA:FALSE" }).cert,
    "unknown-authority",
  ],
  [
    "below one that may not sign",
    authority.makeBelow(DNS, { extensions: "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature" })
      .cert,
    "unknown-authority",
  ],
  [
    "below one that is for mail",
    authority.makeBelow(DNS, { extensions: "basicConstraints=critical,CA:TRUE\nextendedKeyUsage=emailProtection" })
      .cert,
    "unknown-authority",
  ],
  [
    "below one with constraints of names",
    authority.makeBelow(DNS, { extensions: "basicConstraints=critical,CA:TRUE\nnameConstraints=permitted;DNS:c.lab" })
      .cert,
    "unknown-authority",
  ],
  ["expired", authority.make({ ...DNS, ...PAST }).cert, "expired"],
  ["not valid yet", authority.make({ ...DNS, ...FUTURE }).cert, "not-yet-valid"],
  ["self-signed", authority.selfSigned("b.lab").cert, "self-signed"],
  ["of another authority", stranger.make(DNS).cert, "unknown-authority"],
  ["of another name", authority.issue("c.lab").cert, "another-name"],
  ["of a domain below", authority.issue("x.b.lab").cert, "another-name"],
  ["of a longer name", authority.issue("bb.lab").cert, "another-name"],
  ["with SRVName alone", authority.make({ names: `otherName:${SRV_NAME}` }).cert, "none found"],
  [
    "with an SRVName of another service",
    authority.make({ names: "otherName:1.3.6.1.5.5.7.8.7;IA5STRING:_imap.b.lab" }).cert,
    "another-name",
  ],
  ["with XmppAddr alone", authority.make({ names: `otherName:${XMPP_ADDR}` }).cert, "none found"],
  ["with several names", authority.make({ names: `DNS:c.lab,otherName:${SRV_NAME},DNS:d.lab` }).cert, "none found"],
  ["with a weak key", authority.make({ ...DNS, key: RSA_1024 }).cert, "weak"],
  [
    "with a critical extension that is not known",
    authority.make({ ...DNS, extensions: "1.2.3.4=critical,ASN1:NULL" }).cert,
    "unreadable",
  ],
  ["none", "", "none"],
];

function judge(chain: string, roots = new TrustedRoots([authority.root]), now = Date.now()): string {
  const certificates = certificatesIn(chain).map((pem) => new X509Certificate(pem));
  return judgeDomain(judgeChain(certificates, roots, now), "b.lab").fault ?? "none found";
}

describe("judgeChain()", () => {
  test.each(CASES)("a certificate %s: %3$s", (_, chain, fault) => {
    expect(judge(chain)).toBe(fault);
  });

  test("judges the same on Deno", () => {
    const file = join(folder, "cases.json");
    writeFileSync(
      file,
      JSON.stringify({ root: authority.root, cases: CASES.map(([, chain]) => ({ chain, domain: "b.lab" })) }),
    );
    const program = join(import.meta.dir, "judge_program.ts");
    const deno = join(ROOT, "node_modules/.bin/deno");
    const { stdout, stderr } = spawnSync(deno, ["run", "-A", "--quiet", program, file], { cwd: ROOT });
    expect(stderr.toString()).toBe("");
    expect(JSON.parse(stdout.toString())).toEqual(CASES.map(([, , fault]) => fault));
  });

  test("a certificate that is trusted itself needs no authority, and is none", () => {
    const { cert } = authority.selfSigned("b.lab");
    expect(judge(cert, new TrustedRoots([cert]))).toBe("none found");
    const leaf = authority.make(DNS);
    expect(judge(authority.make(DNS).cert, new TrustedRoots([leaf.cert]))).toBe("unknown-authority");
  });

  test("an authority that has expired proves nothing", () => {
    expect(judge(authority.make({ ...DNS, until: "20400101000000Z" }).cert, undefined, Date.UTC(2039, 1, 1))).not.toBe(
      "none found",
    );
  });

  test("many certificates of one subject cost few signatures", () => {
    const many = Array.from({ length: 50 }, () => certificatesIn(below.cert)[1]).join("\n");
    expect(judge(below.leaf + many)).toBe("none found");
  });
});

describe("namesDomain()", () => {
  const none = { dnsNames: [], srvNames: [], xmppAddresses: [] };
  test.each([
    ["example.org", "example.org", true],
    ["EXAMPLE.org", "example.org", true],
    ["*.example.org", "a.example.org", true],
    ["*.example.org", "example.org", false],
    ["*.example.org", "a.b.example.org", false],
    ["*.org", "example.org", false],
    ["a*.example.org", "ab.example.org", false],
    ["*", "org", false],
    ["", "", false],
    ["xn--bcher-kva.example", "bücher.example", true],
    ["example.org\0.evil.test", "example.org", false],
  ])("dNSName %j for %j: %p", (dnsName, domain, expected) => {
    expect(namesDomain({ ...none, dnsNames: [dnsName] }, domain)).toBe(expected);
  });
});

describe("the reader of DER", () => {
  test("reads every authority of the runtime", () => {
    const roots = new TrustedRoots(rootCertificates);
    expect(roots.size).toBeGreaterThan(50);
    for (const pem of rootCertificates)
      expect(readExtensions(new X509Certificate(pem).raw).unknownCritical).toEqual([]);
  });

  test("survives whatever a stranger sends", () => {
    const der = new Uint8Array(
      new X509Certificate(authority.make({ names: `DNS:b.lab,otherName:${SRV_NAME}` }).cert).raw,
    );
    const change = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(change, fc.nat(der.length), (changes, length) => {
        const bytes = der.slice(0, length === 0 ? der.length : length);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        throwsOnlyDerError(() => readExtensions(bytes));
      }),
      { numRuns: 3000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => throwsOnlyDerError(() => readDer(bytes))));
  });
});

function throwsOnlyDerError(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
  }
}
