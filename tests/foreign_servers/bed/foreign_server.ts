/** Prosody and ejabberd of Debian, each with a configuration of its own in a folder of the test. @module */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CertificatePem } from "../../../transport/tcp/tls_certificate.ts";

export type Mode = "external" | "dialback";

export interface ForeignServer {
  readonly domain: string;
  readonly host: string;
  /** For clients, without TLS. */
  readonly clientPort: number;
}

export const PROSODY: ForeignServer = { domain: "prosody.lab", host: "127.0.0.2", clientPort: 52220 };
export const EJABBERD: ForeignServer = { domain: "ejabberd.lab", host: "127.0.0.3", clientPort: 52230 };

export interface StartOptions {
  readonly folder: string;
  readonly mode: Mode;
  readonly certificate: CertificatePem;
  readonly root: string;
}

/** Of Prosody. */
export const DIRECT_TLS_PORT = 5270;
const PATIENCE_MS = 30_000;

export async function startProsody({ folder, mode, certificate, root }: StartOptions): Promise<ChildProcess> {
  const { domain, host, clientPort } = PROSODY;
  mkdirSync(join(folder, "data"), { recursive: true });
  mkdirSync(join(folder, "certs"));
  writeFileSync(join(folder, "ca.pem"), root);
  writeFileSync(join(folder, "certs", `${domain}.crt`), certificate.cert + root);
  writeFileSync(join(folder, "certs", `${domain}.key`), certificate.key);
  const byDialback = mode === "dialback";
  const config = `
daemonize=false
data_path="${folder}/data"
pidfile="${folder}/pid"
run_as_root=true
modules_enabled={"roster","saslauth","disco","ping","register","offline","tls","s2s",${byDialback ? '"dialback",' : '"s2s_auth_certs",'} "s2s_bidi","smacks","time","version"}
${byDialback ? 'modules_disabled={"s2s_auth_certs"}' : 'modules_disabled={"dialback"}'}
allow_registration=true
c2s_require_encryption=false
allow_unencrypted_plain_auth=true
authentication="internal_plain"
s2s_require_encryption=true
s2s_secure_auth=${!byDialback}
c2s_ports={${clientPort}}
c2s_interfaces={"${host}"}
s2s_ports={5269}
s2s_interfaces={"${host}"}
s2s_direct_tls_ports={${DIRECT_TLS_PORT}}
s2s_direct_tls_interfaces={"${host}"}
http_ports={}
https_ports={}
certificates="${folder}/certs"
ssl={ cafile="${folder}/ca.pem"; certificate="${folder}/certs/${domain}.crt"; key="${folder}/certs/${domain}.key" }
log={debug="${folder}/debug.log"}
VirtualHost "${domain}"
`;
  writeFileSync(join(folder, "prosody.cfg.lua"), config);
  const child = spawn("prosody", ["--config", join(folder, "prosody.cfg.lua")], { stdio: "ignore" });
  await answers(host, 5269);
  await answers(host, clientPort);
  return child;
}

export async function startEjabberd({ folder, mode, certificate, root }: StartOptions): Promise<ChildProcess> {
  const { domain, host, clientPort } = EJABBERD;
  for (const part of ["spool", "logs"]) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, "ca.pem"), root);
  writeFileSync(join(folder, "ejabberd.pem"), certificate.cert + certificate.key + root);
  const byDialback = mode === "dialback";
  writeFileSync(
    join(folder, "ejabberd.yml"),
    `
hosts: [${domain}]
loglevel: debug
certfiles: [${folder}/ejabberd.pem]
ca_file: ${folder}/ca.pem
s2s_cafile: ${folder}/ca.pem
s2s_max_retry_delay: 1
s2s_use_starttls: ${byDialback ? "required" : "required_trusted"}
listen:
  - {port: ${clientPort}, ip: "${host}", module: ejabberd_c2s, shaper: none, starttls: false}
  - {port: 5269, ip: "${host}", module: ejabberd_s2s_in}
auth_method: internal
auth_password_format: plain
registration_timeout: infinity
modules:
  mod_disco: {}
  mod_ping: {}
  mod_register: {ip_access: all, access: all}
  mod_roster: {}
  mod_offline: {}
${byDialback ? "  mod_s2s_dialback: {}" : ""}
`,
  );
  writeFileSync(join(folder, "inetrc"), "{lookup, [file, native]}.\n");
  const usual = readFileSync("/etc/ejabberd/ejabberdctl.cfg", "utf8");
  const kept = usual
    .split("\n")
    .filter((line) => !/^(?:EJABBERD_CONFIG_PATH|EJABBERD_PID_PATH|ERL_INETRC|ERL_OPTIONS)/.test(line));
  const own = [
    `EJABBERD_CONFIG_PATH=${folder}/ejabberd.yml`,
    `EJABBERD_PID_PATH=${folder}/ejabberd.pid`,
    `ERL_INETRC=${folder}/inetrc`,
    // One scheduler: the test runs beside others.
    'ERL_OPTIONS="+S 1:1"',
  ];
  writeFileSync(join(folder, "ctl.cfg"), [...kept, ...own, ""].join("\n"));
  spawnSync("chown", ["-R", "ejabberd", folder]);
  const paths = ["--config-dir", folder, "--config", `${folder}/ejabberd.yml`, "--ctl-config", `${folder}/ctl.cfg`];
  const data = ["--spool", `${folder}/spool`, "--logs", `${folder}/logs`];
  const child = spawn("ejabberdctl", ["--node", "lab@localhost", ...paths, ...data, "foreground"], { stdio: "ignore" });
  await answers(host, 5269);
  await answers(host, clientPort);
  return child;
}

/** Resolves when something listens there. */
async function answers(host: string, port: number): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host);
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (open) return;
    if (Date.now() > deadline) throw new Error(`Cannot reach ${host} port ${port}: nothing listens`);
    await sleep(100);
  }
}
