import { afterAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { join, resolve } from "node:path";
import { TestAuthority } from "../../../../chaos/test_authority.ts";
import { until } from "../link_end.ts";

const ROOT = resolve(import.meta.dir, "../../../..");
const authority = new TestAuthority();
afterAll(() => authority.remove());

/** Bytes of an uncompressed point of P-256. */
const POINT_BYTES = 65;

/** A key that claims to be another one: its private part is new, its public part is that of the victim. */
function forge(victimKey: string): string {
  const forged = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
  const der = Buffer.from(forged.export({ type: "sec1", format: "der" }) as Buffer);
  pointOf(createPrivateKey(victimKey)).copy(der, der.indexOf(pointOf(forged)));
  const lines = der.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN EC PRIVATE KEY-----\n${lines.join("\n")}\n-----END EC PRIVATE KEY-----\n`;
}

function pointOf(key: ReturnType<typeof createPrivateKey>): Buffer {
  const der = createPublicKey(key).export({ type: "spki", format: "der" }) as Buffer;
  return Buffer.from(der.subarray(der.length - POINT_BYTES));
}

const RUNTIMES = { bun: ["bun"], deno: ["deno", "run", "-A", "--quiet"] } as const;

// `rejectUnauthorized: false` must not mean that anybody may show anybody's certificate.
test.each(["bun", "deno"] as const)("a certificate without its private key is refused on %s", async (runtime) => {
  const own = authority.issue("a.lab");
  const victim = authority.issue("b.lab");
  const [command, ...args] = RUNTIMES[runtime];
  const program = join(import.meta.dir, "../peer_program.ts");
  const options = JSON.stringify({ domain: "a.lab", certificate: own, ca: authority.root, settings: {}, direct: true });
  const server = spawn(join(ROOT, "node_modules/.bin", command), [...args, program, options], { cwd: ROOT });
  let output = "";
  server.stdout.on("data", (chunk) => {
    output += chunk;
  });
  await until(() => output.includes("port"), 15_000);
  const { port } = JSON.parse(output.trim()) as { port: number };
  const header =
    "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='b.lab' to='a.lab' version='1.0'>";
  const honest = authority.write("honest", victim);
  const forged = authority.write("forged", { cert: victim.cert, key: forge(victim.key) });
  expect(await openssl(port, honest, header)).toContain("EXTERNAL");
  const refused = await openssl(port, forged, header);
  expect(refused).not.toContain("stream:features");
  expect(refused).not.toContain("EXTERNAL");
  server.kill();
});

async function openssl(port: number, files: { cert: string; key: string }, text: string): Promise<string> {
  const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-cert", files.cert, "-key", files.key, "-quiet"];
  const child = spawn("openssl", args);
  let output = "";
  let isOver = false;
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  child.on("close", () => {
    isOver = true;
  });
  child.stdin.write(text);
  await until(() => isOver || output.includes("</stream:features>"));
  child.kill();
  return output;
}
