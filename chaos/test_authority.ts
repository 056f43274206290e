/** Certificates for tests, made by openssl in a folder of their own. @module */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CertificatePem } from "../transport/tcp/tls_certificate.ts";

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export interface CertificateWish {
  /** subjectAltName as openssl writes it. */
  readonly names: string;
  readonly extensions?: string;
  /** `YYYYMMDDHHMMSSZ` */
  readonly from?: string;
  readonly until?: string;
  readonly key?: readonly string[];
}

export class TestAuthority {
  readonly #folder = mkdtempSync(join(tmpdir(), "ampact-ca-"));
  #made = 0;

  constructor() {
    const made = ["req", "-x509", ...KEY, "-days", "30", "-subj", "/CN=test authority"];
    const extensions = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    this.#openssl([...made, ...extensions, "-keyout", "ca.key", "-out", "ca.pem"]);
  }

  get root(): string {
    return this.#read("ca.pem");
  }

  /** For a domain, as public authorities issue them: for servers only. */
  issue(domain: string): CertificatePem {
    return this.make({ names: `DNS:${domain}`, extensions: "extendedKeyUsage=serverAuth" });
  }

  make(wish: CertificateWish): CertificatePem {
    const name = `c${++this.#made}`;
    this.#request(name, wish);
    this.#sign(name, wish, "ca");
    return this.#pair(name, `${name}.pem`);
  }

  /** With an intermediate authority; the chain has both. */
  makeBelow(
    wish: CertificateWish,
    authority: Partial<CertificateWish> = {},
  ): CertificatePem & { readonly leaf: string } {
    const above = `c${++this.#made}`;
    const extensions = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign";
    const top = { names: "DNS:authority.test", extensions, ...authority };
    this.#request(above, top);
    this.#sign(above, top, "ca");
    const name = `c${++this.#made}`;
    this.#request(name, wish);
    this.#sign(name, wish, above);
    const leaf = this.#read(`${name}.pem`);
    return { key: this.#read(`${name}.key`), cert: leaf + this.#read(`${above}.pem`), leaf };
  }

  selfSigned(domain: string): CertificatePem {
    const name = `c${++this.#made}`;
    const made = [
      "req",
      "-x509",
      ...KEY,
      "-days",
      "30",
      "-subj",
      `/CN=${name}`,
      "-addext",
      `subjectAltName=DNS:${domain}`,
    ];
    this.#openssl([...made, "-keyout", `${name}.key`, "-out", `${name}.pem`]);
    return this.#pair(name, `${name}.pem`);
  }

  /** Writes the files; returns their paths. */
  write(
    name: string,
    { cert, key }: CertificatePem,
  ): { readonly cert: string; readonly key: string; readonly ca: string } {
    const paths = { cert: join(this.#folder, `${name}.crt`), key: join(this.#folder, `${name}.pkey`) };
    writeFileSync(paths.cert, cert);
    writeFileSync(paths.key, key);
    return { ...paths, ca: join(this.#folder, "ca.pem") };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #request(name: string, { names, extensions = "", key = KEY }: CertificateWish): void {
    this.#openssl(["req", ...key, "-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.csr`]);
    const constraints = extensions.includes("basicConstraints") ? "" : "\nbasicConstraints=CA:FALSE";
    writeFileSync(join(this.#folder, `${name}.ext`), `[e]\nsubjectAltName=${names}\n${extensions}${constraints}\n`);
    writeFileSync(join(this.#folder, "index.txt"), "");
    writeFileSync(
      join(this.#folder, "ca.cnf"),
      "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nrand_serial=yes\nunique_subject=no\nemail_in_dn=no\n[p]\ncommonName=supplied\n",
    );
  }

  #sign(name: string, { from, until }: CertificateWish, issuer: string): void {
    const day = 86_400_000;
    const dates = [
      ...["-startdate", from ?? opensslDate(Date.now() - day)],
      ...["-enddate", until ?? opensslDate(Date.now() + 30 * day)],
    ];
    const files = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-cert", `${issuer}.pem`, "-keyfile", `${issuer}.key`];
    const extensions = ["-extfile", `${name}.ext`, "-extensions", "e"];
    this.#openssl(["ca", "-batch", "-notext", "-config", "ca.cnf", ...files, ...extensions, ...dates]);
  }

  #pair(name: string, cert: string): CertificatePem {
    return { key: this.#read(`${name}.key`), cert: this.#read(cert) };
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), "utf8");
  }

  #openssl(args: readonly string[]): void {
    const { status, stderr } = spawnSync("openssl", [...args], { cwd: this.#folder });
    if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
  }
}

export function opensslDate(at: number): string {
  return `${new Date(at)
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-:T]/g, "")}Z`;
}
