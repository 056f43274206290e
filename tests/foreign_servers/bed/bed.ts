/**
 * The test bed, run by Bun in a network of its own (unshare): DNS, Prosody, ejabberd, then the labs one by one. Prints a line of JSON a lab.
 * Arguments: how servers authenticate, the project's folder. What it starts ends with its process namespace.
 * @module
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DnsServer } from "../../../chaos/dns_server.ts";
import { TestAuthority } from "../../../chaos/test_authority.ts";
import { DNS, OWN, ZONE } from "./addresses.ts";
import { EJABBERD, type Mode, PROSODY, startEjabberd, startProsody } from "./foreign_server.ts";
import type { LabOptions } from "./lab.ts";

const [mode = "external", root = "."] = process.argv.slice(2) as [Mode, string];
const folder = mkdtempSync(join(tmpdir(), "ampact-bed-"));
chmodSync(folder, 0o755);
const authority = new TestAuthority();
const BOTH_PURPOSES = "extendedKeyUsage=serverAuth,clientAuth";
const certificateOf = (domain: string) => authority.make({ names: `DNS:${domain}`, extensions: BOTH_PURPOSES });

run("ip", ["link", "set", "lo", "up"]);
mountOver("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
mountOver("/etc/hosts", "127.0.0.1 localhost\n");
const [address = "", port = ""] = DNS.split(":");
await new DnsServer(ZONE).open(address, Number(port));
const options = (name: string, domain: string) => {
  mkdirSync(join(folder, name));
  return { folder: join(folder, name), mode, certificate: certificateOf(domain), root: authority.root };
};
await Promise.all([
  startProsody(options("prosody", PROSODY.domain)),
  startEjabberd(options("ejabberd", EJABBERD.domain)),
]);
const certificate = certificateOf(OWN.domain);
const WAYS = [
  { server: PROSODY, bidi: false, direct: false },
  { server: PROSODY, bidi: true, direct: false },
  { server: PROSODY, bidi: false, direct: true },
  { server: EJABBERD, bidi: false, direct: false },
];
for (const runtime of ["bun", "deno"]) {
  for (const way of WAYS) {
    const facts = await runLab(runtime, { ...way, mode, certificate, root: authority.root });
    console.log(JSON.stringify({ runtime, ...way, server: way.server.domain, ...facts }));
  }
}
for (const runtime of ["bun", "deno"]) {
  for (const server of [PROSODY, EJABBERD]) {
    const files = authority.write("own", certificate);
    const lab = { server, mode, certificate, files, root: authority.root, bidi: true, direct: false };
    const facts = await runLab(runtime, lab, "server_lab.ts");
    console.log(JSON.stringify({ people: true, runtime, server: server.domain, ...facts }));
  }
}
/** Certificates of ours; each is told apart by what the other server does with it. */
const CERTIFICATES = {
  "for servers only": authority.issue(OWN.domain),
  expired: authority.make({
    names: `DNS:${OWN.domain}`,
    extensions: BOTH_PURPOSES,
    from: "20200101000000Z",
    until: "20200201000000Z",
  }),
  "of another name": certificateOf("other.lab"),
  "self-signed": authority.selfSigned(OWN.domain),
};
for (const [name, shown] of mode === "external" ? Object.entries(CERTIFICATES) : []) {
  for (const server of [PROSODY, EJABBERD]) {
    const lab = { server, mode, certificate: shown, root: authority.root, bidi: false, direct: false, isOutOnly: true };
    console.log(JSON.stringify({ certificate: name, server: server.domain, ...(await runLab("bun", lab)) }));
  }
}
rmSync(folder, { recursive: true, force: true });
authority.remove();
process.exit(0);

/** Not blocking: the DNS server answers meanwhile. */
async function runLab(runtime: string, lab: LabOptions, name = "lab.ts"): Promise<object> {
  const program = join(import.meta.dir, name);
  const command = [
    join(root, "node_modules/.bin", runtime),
    ...(runtime === "deno" ? ["run", "-A", "--quiet"] : ["run"]),
  ];
  const child = Bun.spawn([...command, program, JSON.stringify(lab)], { cwd: root, stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const line = output.trim().split("\n").at(-1) ?? "";
  return line.startsWith("{") ? { ...JSON.parse(line), errors } : { failed: output, errors };
}

function mountOver(path: string, text: string): void {
  const file = join(folder, path.replaceAll("/", "_"));
  writeFileSync(file, text);
  chmodSync(file, 0o644);
  run("mount", ["--bind", file, path]);
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, [...args]);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
}
