import { describe, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { skipReason, TEST_TOOLS } from "../../scripts/install_test_tools/test_tool.ts";

const ROOT = resolve(import.meta.dir, "../..");
const BED = join(import.meta.dir, "bed/bed.ts");
/** A network, mounts and processes of its own; everything in it ends with it. */
const UNSHARE = ["-n", "-m", "-p", "-f", "--mount-proc", "--kill-child"];
const BED_LIMIT_MS = 180_000;

interface Facts {
  readonly server: string;
  readonly [fact: string]: unknown;
}

const STEPS = [
  "chat out",
  "chat in",
  "subscription out: asked",
  "subscription out: granted",
  "presence out",
  "subscription in: asked",
  "subscription in: granted",
  "presence in",
  "IQ out",
  "IQ in",
  "unavailable out",
  "offline out, and back",
  "presence of who is back",
  "offline in, behind it",
  "offline in, and back",
];

const missing = skipReason(TEST_TOOLS.prosody, TEST_TOOLS.ejabberd) ?? withoutNamespaces();
if (missing !== undefined) {
  test.skip(`streams with Prosody and ejabberd ${missing}`, () => {});
} else {
  describe.each(["external", "dialback"] as const)("by %s", (mode) => {
    const facts = runBed(mode);
    if (mode === "external") testCertificates(facts);
    describe.each(["bun", "deno"])("on %s", (runtime) => {
      test.each(["prosody.lab", "ejabberd.lab"])(
        "people here and at %s: chat, subscription, presence, IQ, offline and back",
        async (server) => {
          const one = (await facts).find(
            (each) => each.people === true && each.runtime === runtime && each.server === server,
          );
          expect(one?.fault, JSON.stringify(one)).toBeUndefined();
          expect(one).toMatchObject({ steps: STEPS, errors: "" });
        },
        BED_LIMIT_MS,
      );

      test.each([
        ["prosody.lab", false, false],
        ["prosody.lab", true, false],
        ["prosody.lab", false, true],
        ["ejabberd.lab", false, false],
      ])(
        "%s, XEP-0288 %p, direct TLS %p: messages both ways, in order, proved",
        async (server, bidi, direct) => {
          const one = (await facts).find(
            (each) =>
              each.runtime === runtime && each.server === server && each.bidi === bidi && each.direct === direct,
          );
          expect(one?.failed, JSON.stringify(one)).toBeUndefined();
          expect(one).toMatchObject({ out: 3, in: ["in 1", "in 2", "in 3"], errors: "" });
          const streams = one?.streams as { direction: string; auth: string; encrypted: boolean; sm: boolean }[];
          for (const stream of streams) expect(stream).toMatchObject({ auth: mode, encrypted: true });
          expect(streams.some(({ direction }) => direction === "both")).toBe(bidi);
          // XEP-0198 where it is to be had: ejabberd has none between servers, and after dialback there are no features.
          const isManaged = server === "prosody.lab" && mode === "external";
          expect(streams.find(({ direction }) => direction !== "in")?.sm).toBe(isManaged);
        },
        BED_LIMIT_MS,
      );
    });
  });
}

/** What real servers do with a certificate of ours, and that we tell why. */
function testCertificates(facts: Promise<Facts[]>): void {
  test.each([
    ["for servers only", "prosody.lab", ""],
    // Dialback is what is left with such a server.
    ["for servers only", "ejabberd.lab", "unsupported certificate purpose"],
    ["expired", "prosody.lab", "certificate has expired"],
    ["expired", "ejabberd.lab", "certificate has expired"],
    ["of another name", "prosody.lab", "not valid for this name"],
    ["of another name", "ejabberd.lab", "host name mismatch"],
    ["self-signed", "prosody.lab", "not trusted"],
    ["self-signed", "ejabberd.lab", "self signed"],
  ])(
    "a certificate of ours that is %s: %s says %j",
    async (certificate, server, reason) => {
      const one = (await facts).find((each) => each.certificate === certificate && each.server === server);
      expect(one).toMatchObject({ fault: reason === "" ? "" : "unreachable", errors: "" });
      expect(one?.message).toContain(reason);
    },
    BED_LIMIT_MS,
  );
}

/** Starts at once: both beds run at the same time, each in a network of its own. */
function runBed(mode: string): Promise<Facts[]> {
  const bun = join(ROOT, "node_modules/.bin/bun");
  const child = spawn("unshare", [...UNSHARE, bun, BED, mode, ROOT], { timeout: BED_LIMIT_MS, killSignal: "SIGKILL" });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  return new Promise((done, fail) => {
    child.on("close", (code) => {
      const lines = output
        .trim()
        .split("\n")
        .filter((line) => line.startsWith("{"));
      if (code === 0) done(lines.map((line) => JSON.parse(line) as Facts));
      else fail(new Error(`Cannot run the test bed (${code}): ${output}${errors}`));
    });
  });
}

function withoutNamespaces(): string | undefined {
  const { status } = spawnSync("unshare", [...UNSHARE, "ip", "link", "set", "lo", "up"]);
  return status === 0 ? undefined : "(skipped: no network namespace can be made here, which needs root)";
}
