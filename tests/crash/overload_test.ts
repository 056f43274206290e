import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChaosSession } from "../../chaos/chaos_session.ts";
import { History } from "../../chaos/history.ts";
import { prepareStore } from "../../chaos/prepare_store.ts";
import { ServerProcess } from "../../chaos/server_process.ts";
import { freePort } from "../../scripts/local_port.ts";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { fates, logIn, sendTo, until } from "./crash_stage.ts";

const LIMIT_MS = 60_000;
const MEBIBYTE = 1_048_576;
const CROWD = Array.from({ length: 300 }, (_, at) => `guest${at}`);

let folder = "";
let server: ServerProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ampact-overload-"));
});

afterEach(async () => {
  await server?.kill();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(users: readonly string[], env: Readonly<Record<string, string>> = {}) {
  await prepareStore(join(folder, "ampact.db"), users, "secret");
  const [httpPort, tcpPort] = [await freePort(), await freePort()];
  const child = new ServerProcess({ folder, httpPort, tcpPort, script: "scripts/server.ts", env });
  server = child;
  await child.start();
  const target = { httpPort, tcpPort, domain: "localhost" };
  return { child, on: { target, history: new History(Date.now) } };
}

async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Milliseconds until the server answers. */
async function roundTrip(session: ChaosSession): Promise<number> {
  const begun = performance.now();
  await new Promise<void>((resolve) => {
    session.ask("get", undefined, xml`<ping xmlns="${NS.PING}"/>`, () => resolve());
  });
  return performance.now() - begun;
}

/** The slowest of the answers while `work` goes on. */
async function slowestDuring(session: ChaosSession, work: Promise<unknown>): Promise<number> {
  let isOver = false;
  const done = work.finally(() => {
    isOver = true;
  });
  let slowest = 0;
  while (!isOver) {
    slowest = Math.max(slowest, await roundTrip(session));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await done;
  return slowest;
}

describe("under load a server keeps its bounds, and serves the others:", () => {
  test(
    "a reader that has stopped to read",
    async () => {
      const { child, on } = await start(["romeo", "juliet", "nurse"], { AMPACT_PROBE_TIMEOUT_SECONDS: "2" });
      const [romeo, juliet, nurse] = [await logIn(on, "romeo"), await logIn(on, "juliet"), await logIn(on, "nurse")];
      await roundTrip(juliet);
      const before = await residentBytes(child.pid);
      juliet.link?.deafen();
      juliet.detach("freeze");
      const count = 4000;
      const flood = (async () => {
        for (let at = 0; at < count; at++) {
          sendTo(romeo, "juliet", `m${at}`);
          if (at % 100 === 0) await roundTrip(romeo);
        }
        await until("all are accepted", () => on.history.count("accepted") === count, 20_000);
      })();
      expect(await slowestDuring(nurse, flood)).toBeLessThan(3000);
      expect((await residentBytes(child.pid)) - before).toBeLessThan(200 * MEBIBYTE);
      juliet.link?.cut();
      await logIn(on, "juliet");
      await until("all arrive", () => on.history.count("received") === count, 20_000);
      const received = on.history.events.flatMap((event) => (event.kind === "received" ? event.message : []));
      expect(received).toEqual(Array.from({ length: count }, (_, at) => `m${at}`));
    },
    LIMIT_MS,
  );

  test(
    "a sender that floods",
    async () => {
      const { child, on } = await start(["romeo", "juliet", "nurse"]);
      const [romeo, nurse] = [await logIn(on, "romeo"), await logIn(on, "nurse")];
      await roundTrip(romeo);
      const before = await residentBytes(child.pid);
      const count = 15_000;
      for (let at = 0; at < count; at++) romeo.sendChat({ id: `m${at}`, to: "juliet", resource: "", rules: [] });
      romeo.requestAcknowledgement();
      const isTold = (fate: readonly string[]) =>
        fate.includes("accepted") || fate.some((each) => each.startsWith("bounce"));
      const told = until(
        "all are answered",
        () => fates(on).size === count && [...fates(on).values()].every(isTold),
        40_000,
      );
      expect(await slowestDuring(nurse, told)).toBeLessThan(5000);
      expect((await residentBytes(child.pid)) - before).toBeLessThan(300 * MEBIBYTE);
      await logIn(on, "juliet");
      const isOver = (fate: readonly string[]) =>
        fate.some((each) => each.startsWith("bounce")) !== fate.includes("received by juliet");
      await until("each arrives or was refused", () => [...fates(on).values()].every(isOver), 40_000);
      expect(on.history.count("received")).toBeGreaterThanOrEqual(10_000);
    },
    LIMIT_MS,
  );

  test(
    "some hundreds who log in at once after a restart",
    async () => {
      const { child, on } = await start(CROWD);
      const first = await logIn(on, CROWD[0]!);
      for (const guest of CROWD.slice(1)) sendTo(first, guest, `for-${guest}`);
      await until("all are accepted", () => on.history.count("accepted") === CROWD.length - 1, 20_000);
      await child.kill();
      await child.start();
      const sessions = await Promise.all(CROWD.map((guest) => logIn(on, guest)));
      await until("all get what waits for them", () => on.history.count("received") === CROWD.length - 1, 30_000);
      expect(await residentBytes(child.pid)).toBeLessThan(500 * MEBIBYTE);
      for (const session of sessions) session.link?.cut();
    },
    LIMIT_MS,
  );
});
