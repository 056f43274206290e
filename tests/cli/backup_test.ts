import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Program } from "../scripts/program.ts";

const ROOT = resolve(import.meta.dir, "../..");
const SCRIPT = join(ROOT, "scripts/server.ts");
const RUNTIMES = {
  bun: [process.execPath, SCRIPT],
  deno: [join(ROOT, "node_modules/.bin/deno"), "run", "-A", "--quiet", SCRIPT],
} as const;
const ENV = {
  AMPACT_HTTP_PORT: "0",
  AMPACT_C2S_PORT: "0",
  AMPACT_C2S_TLS_PORT: "0",
  AMPACT_LOG_LEVEL: "warn",
  AMPACT_LIMITS_API_REQUESTS_PER_SECOND: "0",
};
const LIMIT_MS = 60_000;
const SENDERS = 4;
const USERS = 1;

let folder = "";
let here = "";
let elsewhere = "";
let programs: Program[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ampact-backup-"));
  [here, elsewhere] = [join(folder, "here"), join(folder, "elsewhere")];
  for (const place of [here, elsewhere]) mkdirSync(place);
});

afterEach(() => {
  for (const program of programs) program.kill("SIGKILL");
  programs = [];
  rmSync(folder, { recursive: true });
});

type Runtime = keyof typeof RUNTIMES;

function start(cwd: string, args: readonly string[], runtime: Runtime = "bun"): Program {
  const [command, ...before] = RUNTIMES[runtime];
  const program = new Program(command, [...before, ...args], { cwd, env: ENV });
  programs.push(program);
  return program;
}

async function run(cwd: string, args: readonly string[], runtime?: Runtime) {
  const program = start(cwd, args, runtime);
  return { code: await program.exitCode, output: program.output, errors: program.errors };
}

async function serving(cwd: string, runtime: Runtime = "bun"): Promise<{ program: Program; http: string }> {
  const program = start(cwd, [], runtime);
  const [, address] = await program.prints(/ws:\/\/([^/\s]+)/);
  return { program, http: `http://${address}` };
}

/** Sends message after message until it is told to end; knows which ones were accepted. */
class Load {
  readonly accepted: string[] = [];
  readonly faults: string[] = [];
  readonly #http: string;
  readonly #token: string;
  #isOver = false;
  #sent = 0;
  readonly #senders: Promise<void>[];

  constructor(http: string, token: string) {
    this.#http = http;
    this.#token = token;
    this.#senders = Array.from({ length: SENDERS }, () => this.#send());
  }

  async reaches(count: number): Promise<void> {
    const deadline = Date.now() + LIMIT_MS / 2;
    while (this.accepted.length < count) {
      if (Date.now() > deadline) throw new Error(`Cannot accept ${count} messages: ${this.faults[0] ?? "too slow"}`);
      await Bun.sleep(5);
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#senders);
  }

  async #send(): Promise<void> {
    while (!this.#isOver) {
      const body = `message-${++this.#sent}-`;
      const answer = await fetch(`${this.#http}/api/messages`, {
        method: "POST",
        headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
        body: JSON.stringify({ to: `user${this.#sent % USERS}@localhost`, body: body + "x".repeat(2000) }),
      });
      const text = await answer.text();
      if (answer.status === 202 && JSON.parse(text).accepted === true) this.accepted.push(body);
      else this.faults.push(text);
    }
  }
}

function read(path: string): { integrity: unknown; text: string } {
  const database = new DatabaseSync(path);
  try {
    const [row] = database.prepare("pragma integrity_check").all();
    const texts = database.prepare("select text from log").all();
    return { integrity: row?.integrity_check, text: texts.map(({ text }) => text).join("\n") };
  } finally {
    database.close();
  }
}

function missing(wanted: readonly string[], text: string): readonly string[] {
  return wanted.filter((body) => !text.includes(body));
}

async function prepared(runtime: Runtime): Promise<{ program: Program; http: string; load: Load }> {
  const { program, http } = await serving(here, runtime);
  for (let count = 0; count < USERS; count++) {
    expect((await run(here, ["user", "add", `user${count}`, "secret"])).code).toBe(0);
  }
  const token = (await run(here, ["token", "add", "load", "--scope", "send"])).output.trim();
  return { program, http, load: new Load(http, token) };
}

test(
  "a backup under load on deno has every message that was accepted before",
  async () => {
    const { load } = await prepared("deno");
    await load.reaches(100);
    const before = [...load.accepted];
    expect(await run(here, ["backup", "../copy.db"], "deno")).toMatchObject({ code: 0, errors: "" });
    await load.end();
    const { integrity, text } = read(join(folder, "copy.db"));
    expect([integrity, missing(before, text)]).toEqual(["ok", []]);
  },
  LIMIT_MS,
);

test(
  "a backup under load has every message that was accepted before, and is served elsewhere",
  async () => {
    const { program, load } = await prepared("bun");
    await load.reaches(200);
    const before = [...load.accepted];
    const backup = await run(here, ["backup", "../copy.db"]);
    expect(backup).toMatchObject({ code: 0, errors: "" });
    expect(backup.output).toContain("the running server's");
    const during = load.accepted.length;
    await load.reaches(during + 100);
    // The first one let the file go.
    expect((await run(here, ["backup", "../second.db"])).code).toBe(0);
    await load.end();
    expect(load.faults).toEqual([]);
    program.kill("SIGTERM");
    expect(await program.exitCode).toBe(0);

    const copy = join(folder, "copy.db");
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(["-wal", "-shm", ".part", ".part-wal"].filter((end) => existsSync(copy + end))).toEqual([]);
    const { integrity, text } = read(copy);
    expect(integrity).toBe("ok");
    expect(missing(before, text)).toEqual([]);
    expect(missing(load.accepted.slice(0, during), read(join(folder, "second.db")).text)).toEqual([]);
    expect(missing(load.accepted, read(join(here, "data/ampact.db")).text)).toEqual([]);

    const restored = await run(elsewhere, ["restore", copy]);
    expect(restored).toMatchObject({ code: 0, errors: "" });
    expect(restored.output).toContain("ampact.db.key is missing");
    copyFileSync(join(here, "data/ampact.db.key"), join(elsewhere, "data/ampact.db.key"));
    const again = await serving(elsewhere);
    expect((await run(elsewhere, ["user", "usage", "user0"])).output).toMatch(/waiting: [1-9]/);
    again.program.kill("SIGTERM");
    expect(await again.program.exitCode).toBe(0);
  },
  LIMIT_MS,
);

describe("backup and restore", () => {
  test(
    "of a server that does not run",
    async () => {
      expect(await run(here, ["backup", "copy.db"])).toMatchObject({
        code: 1,
        errors: expect.stringContaining("Cannot back up: there is no database at"),
      });
      await run(here, ["user", "add", "juliet", "secret"]);
      const backup = await run(here, ["backup", "copy.db"]);
      expect(backup).toMatchObject({ code: 0, output: expect.stringContaining("no server runs here; opened") });
      expect(await run(here, ["backup", "copy.db"])).toMatchObject({
        code: 1,
        errors: expect.stringContaining("it exists (see --force)"),
      });
      await run(here, ["user", "add", "romeo", "secret"]);
      expect((await run(here, ["backup", "copy.db", "--force"])).code).toBe(0);
      await run(here, ["user", "remove", "juliet"]);

      expect(await run(here, ["restore", "copy.db"])).toMatchObject({
        code: 1,
        errors: expect.stringContaining("there is a database at"),
      });
      const restored = await run(here, ["restore", "--force", "copy.db"]);
      expect(restored).toMatchObject({ code: 0, output: expect.stringContaining("ampact.db.replaced") });
      expect((await run(here, ["user", "list"])).output).toBe("juliet@localhost\nromeo@localhost\n");
      expect(statSync(join(here, "data/ampact.db")).mode & 0o777).toBe(0o600);
    },
    LIMIT_MS,
  );

  test(
    "a restore is refused beside a running server, and of what is no backup",
    async () => {
      const { program } = await serving(here);
      expect((await run(here, ["backup", "copy.db"])).code).toBe(0);
      expect(await run(here, ["restore", "copy.db", "--force"])).toEqual({
        code: 1,
        output: "",
        errors: "Cannot restore: a server runs here (stop it first)\n",
      });
      expect(await run(here, ["backup", "data/ampact.db", "--force"])).toMatchObject({
        code: 1,
        errors: expect.stringContaining("it is the database itself"),
      });
      program.kill("SIGTERM");
      await program.exitCode;

      const damaged = await Bun.file(join(here, "copy.db")).bytes();
      damaged.fill(7, 8192, 8192 + 4096);
      writeFileSync(join(here, "damaged.db"), damaged);
      new DatabaseSync(join(here, "other.db")).exec("create table other (id)");
      const newer = new DatabaseSync(join(here, "newer.db"));
      newer.exec("create table kysely_migration (name); insert into kysely_migration values ('9999_next')");
      newer.close();
      for (const [file, fault] of [
        ["nowhere.db", "there is no file"],
        ["damaged.db", "/here/damaged.db"],
        ["other.db", "it is no database of this server"],
        ["newer.db", "a newer version of this server has changed it (9999_next)"],
      ] as const) {
        const { code, errors } = await run(elsewhere, ["restore", join(here, file)]);
        expect([code, errors]).toEqual([1, expect.stringContaining(fault)]);
        expect(existsSync(join(elsewhere, "data/ampact.db"))).toBe(false);
      }
    },
    LIMIT_MS,
  );
});
