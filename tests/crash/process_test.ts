import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { History } from "../../chaos/history.ts";
import { prepareStore } from "../../chaos/prepare_store.ts";
import { ServerProcess, type ServerProcessOptions } from "../../chaos/server_process.ts";
import { freePort } from "../../scripts/local_port.ts";
import { comesTrue, fateOf, fates, logIn, sendTo, USERS, until } from "./crash_stage.ts";

const LIMIT_MS = 40_000;

let folder = "";
let server: ServerProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ampact-process-"));
});

afterEach(async () => {
  await server?.kill();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function stage(options: Partial<ServerProcessOptions> = {}) {
  const database = join(folder, "ampact.db");
  await prepareStore(database, USERS, "secret");
  const [httpPort, tcpPort] = [await freePort(), await freePort()];
  const child = new ServerProcess({ folder, httpPort, tcpPort, script: "scripts/server.ts", ...options });
  server = child;
  const target = { httpPort, tcpPort, domain: "localhost" };
  return { child, database, on: { target, history: new History(Date.now) } };
}

describe("a server process", () => {
  test(
    "killed amid traffic has all that it accepted when it is back",
    async () => {
      const { child, on } = await stage();
      await child.start();
      const romeo = await logIn(on, "romeo");
      for (let count = 0; count < 300; count++) sendTo(romeo, "juliet", `m${count}`);
      await until("a few are accepted", () => on.history.count("accepted") > 50);
      await child.kill();
      await child.start();
      await logIn(on, "juliet");
      const accepted = [...fates(on).keys()].filter((id) => fateOf(on, id).includes("accepted"));
      await until("all accepted ones arrive", () =>
        accepted.every((id) => fateOf(on, id).includes("received by juliet")),
      );
      const received = on.history.events.flatMap((event) => (event.kind === "received" ? event.message : []));
      expect(received).toEqual([...received].sort((one, other) => Number(one.slice(1)) - Number(other.slice(1))));
      expect(new Set(received).size).toBe(received.length);
    },
    LIMIT_MS,
  );

  test(
    "told to stop loses not even what it has not accepted yet",
    async () => {
      const { child, on } = await stage();
      await child.start();
      const romeo = await logIn(on, "romeo");
      const isProcessed = Promise.withResolvers<void>();
      for (let count = 0; count < 100; count++) sendTo(romeo, "juliet", `m${count}`);
      romeo.confirm(() => isProcessed.resolve());
      await isProcessed.promise;
      await child.stop();
      await child.start();
      await logIn(on, "juliet");
      await until("all arrive", () => on.history.count("received") === 100);
    },
    LIMIT_MS,
  );

  test(
    "says so and ends where the database is damaged",
    async () => {
      const { child, database } = await stage();
      await writeFile(database, Buffer.alloc(8192, 7));
      await expect(child.start()).rejects.toThrow("Cannot start the server");
      await child.ended();
      expect(await readFile(child.logPath, "utf8")).toMatch(
        /Cannot open the store .*ampact\.db: .*(not a database|malformed).*backup/,
      );
    },
    LIMIT_MS,
  );

  test(
    "says so and ends where another process has the database, and starts when that is gone",
    async () => {
      const { child, database } = await stage();
      const other = new DatabaseSync(database);
      other.exec("begin exclusive");
      await expect(child.start()).rejects.toThrow("Cannot start the server");
      await child.ended();
      expect(await readFile(child.logPath, "utf8")).toMatch(
        /Cannot open the store .*: database is locked \(another process/,
      );
      other.close();
      await child.start();
    },
    LIMIT_MS,
  );

  test(
    "serves whom it can where a single page of the database is damaged, or says so and ends",
    async () => {
      const { child, database, on } = await stage();
      await child.start();
      const romeo = await logIn(on, "romeo");
      for (let count = 0; count < 200; count++) sendTo(romeo, "juliet", `m${count}`);
      await until("all are accepted", () => on.history.count("accepted") === 200);
      await child.stop();
      // A page with messages of others: what stands on pages that are everybody's decides for everybody.
      const at = (await readFile(database)).indexOf("m100 is for juliet");
      expect(at).toBeGreaterThan(0);
      const file = await open(database, "r+");
      await file.write(Buffer.alloc(4096, 0xff), 0, 4096, Math.floor(at / 4096) * 4096);
      await file.close();
      await child.start().then(
        async () => {
          await logIn(on, "nurse");
        },
        async () => expect(await readFile(child.logPath, "utf8")).toMatch(/Cannot open the store/),
      );
    },
    LIMIT_MS,
  );
});

/** POSIX counts in blocks of 512 bytes. SIGXFSZ is ignored, so that a write fails as it does on a full disk. */
function withFileLimit(blocks: number): readonly string[] {
  return ["sh", "-c", `trap '' XFSZ; ulimit -S -f ${blocks}; exec "$@"`, "sh"];
}

const HAS_PRLIMIT = spawnSync("prlimit", ["--version"]).status === 0;

test.if(HAS_PRLIMIT)(
  "a server process whose disk takes no more refuses, and goes on when it does",
  async () => {
    const { child, on } = await stage({ wrapper: withFileLimit(2000) });
    await child.start();
    const romeo = await logIn(on, "romeo");
    let count = 0;
    const isRefused = (fate: readonly string[]) => fate.some((each) => each.startsWith("bounce"));
    const refused = () => [...fates(on).values()].filter(isRefused).length;
    while (refused() === 0 && count < 20_000) {
      for (let burst = 0; burst < 200; burst++) sendTo(romeo, "juliet", `m${count++}`);
      // What was committed last may have to wait for its acknowledgement until the disk takes the count: then come more.
      await comesTrue(() => fates(on).size === count || refused() > 0, 2000);
    }
    expect(refused()).toBeGreaterThan(0);
    expect(await readFile(child.logPath, "utf8")).toMatch(/ERROR .*store cannot commit/);
    spawnSync("prlimit", ["--pid", String(child.pid), "--fsize=unlimited"]);
    sendTo(romeo, "juliet", "after", [{ condition: "deliver", value: "stored", action: "notify" }]);
    await until("there is room again", () => fateOf(on, "after").includes("notify deliver=stored"));
    await until("all are answered", () => fates(on).size === count + 1);
    await logIn(on, "juliet");
    const isOver = (fate: readonly string[]) => isRefused(fate) !== fate.includes("received by juliet");
    await until("all others arrive", () => [...fates(on).values()].every(isOver));
  },
  LIMIT_MS,
);
