/** The published package in new projects of Bun, Deno and Node. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { freePort } from "../../scripts/local_port.ts";
import { Program } from "../scripts/program.ts";
import { BUN, DENO, type Project, Projects, ROOT, withoutRegistry } from "./project.ts";
import { greet, shop, visit } from "./shop.ts";

const skipped = await withoutRegistry();
const projects = new Projects();
const INSTALL_MS = 120_000;

/** On top of what `bun init` writes. */
const STRICTER = ["exactOptionalPropertyTypes", "noImplicitReturns", "noUnusedLocals", "noUnusedParameters"];

const CLIENT = `import { createAmp, deliver, expireAt } from "ampact/client";
export const rules = [deliver("stored", "notify"), expireAt(new Date(0), "drop")];
console.log(typeof createAmp, JSON.stringify(rules));
`;
const RULES =
  'function [{"condition":"deliver","value":"stored","action":"notify"},{"condition":"expire-at","value":"1970-01-01T00:00:00.000Z","action":"drop"}]';

/** An app as the README has it: Bun itself serves what the module exports, and reloads it. */
const EXPORTED = `import { createServer } from "ampact";
import { Hono } from "hono";

const xmpp = createServer({ domains: ["localhost"], store: "sqlite:data/shop.db" });
await xmpp.start();
await xmpp.listen({ port: Number(process.env.TCP_PORT), tlsPort: false });
if ((await xmpp.accounts.list()).length === 0) await xmpp.accounts.add("romeo@localhost", "secret");
const app = new Hono();
app.get("/", (c) => c.text("version 1"));
app.post("/greet", async (c) => c.json(await xmpp.send({ to: "romeo@localhost", body: "Good morrow" })));
app.route("/", xmpp.app);
export default { hostname: "127.0.0.1", port: Number(process.env.PORT), fetch: app.fetch, websocket: xmpp.websocket };
`;

beforeAll(() => {
  if (skipped === undefined) projects.pack();
}, INSTALL_MS);

afterAll(() => projects.remove());

function title(name: string): string {
  return skipped === undefined ? name : `${name} ${skipped}`;
}

describe.skipIf(skipped !== undefined)("in a project of Bun", () => {
  let project: Project;

  beforeAll(() => {
    project = projects.make("bun");
    project.must(BUN, "init", "--yes");
    project.must(BUN, "add", projects.archive, "hono");
    const { config } = ts.readConfigFile(join(project.folder, "tsconfig.json"), ts.sys.readFile);
    for (const option of STRICTER) config.compilerOptions[option] = true;
    project.write(
      "tsconfig.json",
      JSON.stringify({ ...config, compilerOptions: { ...config.compilerOptions, skipLibCheck: false } }),
    );
    project.write("index.ts", shop("bun", "ampact/bun"));
    project.write("exported.ts", EXPORTED);
    project.write("client.ts", CLIENT);
  }, INSTALL_MS);

  test(title("types are right, those of all dependencies too"), () => {
    expect(project.must(BUN, "check")).toContain("No type errors");
  }, 60_000);

  test(title("a server runs"), async () => {
    await visit(new Program(BUN, ["index.ts"], { cwd: project.folder }));
  }, 30_000);

  test(title("a server runs from a bundle, alone in its folder"), async () => {
    project.must(BUN, "build", "index.ts", "--target=bun", "--outfile=bundle.js");
    const alone = projects.make("bundle");
    project.copyTo(join(alone.folder, "bundle.js"), "bundle.js");
    await visit(new Program(BUN, ["bundle.js"], { cwd: alone.folder }));
  }, 30_000);

  test(title("a server runs compiled"), async () => {
    project.must(BUN, "build", "index.ts", "--compile", "--outfile=shop");
    const alone = projects.make("compiled");
    project.copyTo(join(alone.folder, "shop"), "shop");
    await visit(new Program(join(alone.folder, "shop"), [], { cwd: alone.folder }));
  }, 30_000);

  test.each(["--hot", "--watch"])(
    title("bun %s serves the changed app, with its store and ports"),
    async (option) => {
      rmSync(join(project.folder, "data"), { recursive: true, force: true });
      project.write("exported.ts", EXPORTED);
      const [port, tcpPort] = [await freePort(), await freePort()];
      const url = `http://127.0.0.1:${port}`;
      const env = { PORT: String(port), TCP_PORT: String(tcpPort) };
      const program = new Program(BUN, [option, "--no-clear-screen", "exported.ts"], { cwd: project.folder, env });
      try {
        expect(await (await program.answersAt(url)).text()).toBe("version 1");
        await greet(url);
        for (const version of ["version 2", "version 3"]) {
          project.write("exported.ts", EXPORTED.replace("version 1", version));
          while ((await (await program.answersAt(url)).text()) !== version) await Bun.sleep(20);
          await greet(url);
        }
        expect(program.errors).not.toContain("rror");
      } finally {
        program.kill("SIGKILL");
      }
    },
    30_000,
  );

  test(title("the command runs the program, with what the package itself depends on"), async () => {
    const { output } = project.run("node_modules/.bin/ampact", ["--version"]);
    expect(output).toMatch(/^ampact \d+\.\d+\.\d+\n$/);
    const port = await freePort();
    const env = { AMPACT_HTTP_PORT: String(port), AMPACT_C2S_PORT: "0", AMPACT_C2S_TLS_PORT: "0" };
    const program = new Program(join(project.folder, "node_modules/.bin/ampact"), [], { cwd: project.folder, env });
    try {
      expect((await program.answersAt(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
      program.kill("SIGTERM");
      expect(await program.exitCode).toBe(0);
    } finally {
      program.kill("SIGKILL");
    }
  }, 30_000);
});

describe.skipIf(skipped !== undefined)("in a project of Deno", () => {
  let project: Project;

  beforeAll(() => {
    project = projects.make("deno", {
      "deno.json": "{}",
      "package.json": "{}",
      "main.ts": shop("deno", "ampact/deno"),
      "client.ts": CLIENT,
    });
    // Deno itself installs from registries only.
    project.must(BUN, "add", projects.archive, "hono");
  }, INSTALL_MS);

  test(title("types are right"), () => {
    project.must(DENO, "check", "main.ts", "client.ts");
  }, 60_000);

  test(title("a server runs"), async () => {
    await visit(new Program(DENO, ["run", "-A", "main.ts"], { cwd: project.folder }));
  }, 30_000);

  test(title("the client's rules are the same"), () => {
    expect(project.must(DENO, "run", "client.ts").trim()).toBe(RULES);
  }, 30_000);

  test(title("a server runs from the sources as JSR has them, by their path"), async () => {
    const linked = projects.make("linked", {
      "deno.json": JSON.stringify({
        links: [ROOT],
        imports: { "@ampact/ampact": "jsr:@ampact/ampact@^0.1.0", hono: "npm:hono@^4.6.0" },
      }),
      "main.ts": shop("deno", "@ampact/ampact/deno"),
    });
    linked.must(DENO, "cache", "--quiet", "main.ts");
    await visit(new Program(DENO, ["run", "-A", "main.ts"], { cwd: linked.folder }));
  }, 60_000);

  test(title("a server runs from the sources on another server"), async () => {
    const sources = Bun.serve({ port: 0, fetch: serveSource });
    const { imports } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
    const packages = Object.entries<string>(imports).filter(([, target]) => target.startsWith("npm:"));
    const remote = projects.make("remote", {
      "deno.json": JSON.stringify({ imports: Object.fromEntries(packages) }),
      "main.ts": shop("deno", new URL("deno.ts", sources.url).href),
    });
    try {
      await remote.mustMeanwhile(DENO, "cache", "--quiet", "--no-check", "--allow-import", "main.ts");
      await visit(new Program(DENO, ["run", "-A", "--no-check", "main.ts"], { cwd: remote.folder }));
    } finally {
      await sources.stop(true);
    }
  }, 60_000);

  test(title("nothing keeps it from JSR"), () => {
    const { code, output } = projects.make("jsr").run(DENO, [
      "publish",
      "--dry-run",
      "--allow-dirty",
      // tests/examples checks them.
      "--no-check",
      // The type of the configuration is derived from its table: written out, each setting would stand there twice.
      "--allow-slow-types",
      `--config=${join(ROOT, "deno.json")}`,
    ]);
    const warnings = output.match(/^Warning .*$/gm) ?? [];
    expect(warnings.filter((line) => !line.includes("slow types"))).toEqual([]);
    expect(output).toContain("Success");
    expect(code).toBe(0);
  }, 120_000);
});

describe.skipIf(skipped !== undefined)("in a project of Node", () => {
  let project: Project;

  beforeAll(() => {
    project = projects.make("node", { "package.json": '{ "type": "module" }', "client.js": CLIENT });
    project.must("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", projects.archive);
  }, INSTALL_MS);

  test(title("the client runs"), () => {
    expect(project.must("node", "client.js").trim()).toBe(RULES);
  });

  test(title("the client is bundled for browsers"), () => {
    project.must(BUN, "build", "client.js", "--target=browser", "--outfile=page.js");
    expect(readFileSync(join(project.folder, "page.js"), "utf8")).not.toMatch(/node:|require\(/);
    expect(project.must("node", "page.js").trim()).toBe(RULES);
  });

  test(title("the command says what it needs where there is neither Bun nor Deno"), () => {
    const { code, output } = project.run("env", [
      `PATH=${nodeOnly(project)}`,
      join(project.folder, "node_modules/.bin/ampact"),
    ]);
    expect(code).toBe(1);
    expect(output).toStartWith("Cannot run ampact: it needs Bun or Deno");
    expect(output.trimEnd().split("\n")).toHaveLength(2);
  });

  test(title("examples, guides and source maps are in it, and no TypeScript but declarations"), () => {
    const own = join(project.folder, "node_modules/ampact");
    for (const file of ["README.md", "LICENSE", "examples/bun.ts", "docs/OPERATING.md", "dist/mod.js.map"]) {
      expect(existsSync(join(own, file))).toBe(true);
    }
    const names = readdirSync(join(own, "dist"), { recursive: true }).map(String);
    expect(names.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))).toEqual([]);
  });
});

function serveSource(request: Request): Response {
  const { pathname } = new URL(request.url);
  return new Response(Bun.file(join(ROOT, pathname)), { headers: { "content-type": "application/typescript" } });
}

/** A folder for PATH with Node alone. */
function nodeOnly(project: Project): string {
  project.must("sh", "-c", 'mkdir -p path && ln -s "$(command -v node)" path/node');
  return join(project.folder, "path");
}
