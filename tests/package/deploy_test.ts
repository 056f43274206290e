/** examples/deploy: the unit as systemd reads it, and the commands of the image in a folder such as it makes. */
import { afterAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { freePort } from "../../scripts/local_port.ts";
import { Program } from "../scripts/program.ts";
import { BUN, Projects, ROOT, withoutRegistry } from "./project.ts";

const DEPLOY = join(ROOT, "examples/deploy");
const projects = new Projects();
const skipped = await withoutRegistry();
const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
const noAnalyze = hasAnalyze ? "" : " (skipped: there is no systemd-analyze)";
/** Of 100; a unit without hardening has 96. */
const MOST_EXPOSED = "20";

afterAll(() => projects.remove());

/** The words of an instruction in the form of a JSON array. */
function wordsOf(instruction: string): string[] {
  const dockerfile = readFileSync(join(DEPLOY, "Dockerfile"), "utf8");
  const [, words] = dockerfile.match(new RegExp(`^${instruction} (\\[.*\\])$`, "m")) ?? [];
  return JSON.parse(words ?? "");
}

describe("examples/deploy/ampact.service", () => {
  test.skipIf(!hasAnalyze)(
    `systemd finds no fault in it, and little that it may do${noAnalyze}`,
    () => {
      const unit = readFileSync(join(DEPLOY, "ampact.service"), "utf8");
      // The programs that it names must exist.
      const project = projects.make("unit", { "ampact.service": unit.replaceAll("/usr/local/bin/bun", "/bin/true") });
      expect(project.must("systemd-analyze", "verify", "./ampact.service")).toBe("");
      project.must("systemd-analyze", "security", "--offline=yes", `--threshold=${MOST_EXPOSED}`, "./ampact.service");
    },
    30_000,
  );
});

describe.skipIf(skipped !== undefined)("examples/deploy/Dockerfile", () => {
  test(`serves with runtime dependencies alone, tells its health, and stops by SIGTERM${skipped ?? ""}`, async () => {
    const app = projects.make("app");
    const ignored = readFileSync(join(DEPLOY, "Dockerfile.dockerignore"), "utf8").trimEnd().split("\n");
    cpSync(ROOT, app.folder, { recursive: true, filter: (path) => !ignored.includes(basename(path)) });
    app.must(BUN, "install", "--production");
    expect(app.run("test", ["-e", "node_modules/@biomejs"]).code).toBe(1);

    const volume = projects.make("volume");
    const port = String(await freePort());
    const env = { AMPACT_HTTP_PORT: port, AMPACT_C2S_PORT: "0", AMPACT_C2S_TLS_PORT: "0" };
    const inImage = (words: readonly string[]) => words.slice(1).map((word) => word.replace("/app", app.folder));
    const server = new Program(BUN, inImage(wordsOf("ENTRYPOINT")), { cwd: volume.folder, env });
    const health = () => new Program(BUN, inImage(wordsOf("HEALTHCHECK .* CMD")), { cwd: volume.folder, env }).exitCode;
    try {
      await server.answersAt(`http://127.0.0.1:${port}/healthz`);
      expect(await health()).toBe(0);
      expect(statSync(join(volume.folder, "data")).mode & 0o777).toBe(0o700);
      server.kill("SIGTERM");
      expect(await server.exitCode).toBe(0);
      expect(await health()).toBe(1);
    } finally {
      server.kill("SIGKILL");
    }
  }, 60_000);
});
