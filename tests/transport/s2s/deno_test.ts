import { afterAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { TestAuthority } from "../../../chaos/test_authority.ts";
import type { S2sSettings } from "../../../transport/s2s/s2s_settings.ts";
import { until } from "./link_end.ts";

const ROOT = resolve(import.meta.dir, "../../..");
const PROGRAM = join(import.meta.dir, "peer_program.ts");
const RUNTIMES = {
  bun: [join(ROOT, "node_modules/.bin/bun"), PROGRAM],
  deno: [join(ROOT, "node_modules/.bin/deno"), "run", "-A", "--quiet", PROGRAM],
} as const;
const authority = new TestAuthority();
afterAll(() => authority.remove());

type Fact = Readonly<Record<string, unknown>>;

/** One end as a process. */
class Peer {
  readonly facts: Fact[] = [];
  readonly #child: ChildProcess;
  errors = "";

  constructor(runtime: keyof typeof RUNTIMES, domain: string, settings: Partial<S2sSettings>, direct: boolean) {
    const [command, ...args] = RUNTIMES[runtime];
    const options = { domain, certificate: authority.issue(domain), ca: authority.root, settings, direct };
    this.#child = spawn(command, [...args, JSON.stringify(options)], { cwd: ROOT });
    let text = "";
    this.#child.stdout!.on("data", (chunk) => {
      const lines = (text + chunk).split("\n");
      text = lines.pop()!;
      for (const line of lines) this.facts.push(JSON.parse(line));
    });
    this.#child.stderr!.on("data", (chunk) => {
      this.errors += chunk;
    });
  }

  tell(command: object): void {
    this.#child.stdin!.write(`${JSON.stringify(command)}\n`);
  }

  all(name: string): unknown[] {
    return this.facts.filter((fact) => name in fact).map((fact) => fact[name]);
  }

  async one(name: string): Promise<unknown> {
    await until(() => this.all(name).length > 0, 15_000);
    return this.all(name)[0];
  }
}

const AUTH = ["external", "dialback"] as const;

describe.each([
  ["bun", "deno"],
  ["deno", "bun"],
  ["deno", "deno"],
] as const)("%s to %s", (from, to) => {
  test.each([
    [AUTH[0], false, false],
    [AUTH[0], true, true],
    [AUTH[1], false, true],
    [AUTH[1], true, false],
  ])("by %s, direct TLS %p, XEP-0288 %p", async (auth, direct, bidi) => {
    const settings = { auth: [auth], bidi };
    const a = new Peer(from, "a.lab", settings, direct);
    const b = new Peer(to, "b.lab", settings, direct);
    const put = [
      { domain: "a.lab", port: await a.one("port"), direct },
      { domain: "b.lab", port: await b.one("port"), direct },
    ];
    for (const peer of [a, b]) for (const each of put) peer.tell({ put: each });
    const texts = Array.from(
      { length: 20 },
      (_, i) => `<message xmlns="jabber:client" from="r@a.lab/x" to="j@b.lab" id="${i}"/>`,
    );
    for (const text of texts) a.tell({ send: text });
    await until(() => a.all("proved").length === texts.length || a.all("failed").length > 0);
    expect(a.all("failed")).toEqual([]);
    expect(b.all("received")).toEqual(texts);
    b.tell({ send: '<message xmlns="jabber:client" from="j@b.lab/y" to="r@a.lab" id="back"/>' });
    await b.one("proved");
    expect(a.all("received")).toHaveLength(1);
    for (const peer of [a, b]) peer.tell({ stop: true });
    const { streams } = (await a.one("report")) as { streams: { auth: string; encrypted: boolean }[] };
    for (const stream of streams) expect(stream).toMatchObject({ auth, encrypted: true });
    expect(a.errors + b.errors).toBe("");
  });
});
