import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AmpactServer, createServer, type FollowedStep, type ServerOptions } from "../../mod.ts";
import { TestLog } from "../conversation/test_log.ts";

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "ampact-outcome-"));
  ends.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function started(options: ServerOptions): Promise<AmpactServer & { readonly told: TestLog }> {
  const told = new TestLog();
  const server = createServer({ store: "sqlite::memory:", log: told, ...options });
  await server.start();
  if ((await server.accounts.list()).length === 0) await server.accounts.add("juliet@localhost", "x");
  ends.push(() => server.stop());
  return Object.assign(server, { told });
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let waited = 0; waited < 800; waited++) {
    if (holds()) return;
    await Bun.sleep(10);
  }
  throw new Error(`Never: ${what}`);
}

const message = { to: "juliet@localhost", body: "hi" };
const words = (steps: readonly FollowedStep[]) => steps.map(({ message: id, kind }) => `${id} ${kind}`);

describe("onOutcome", () => {
  test("gets every step, one at a time, in the order of the commits, with both sides", async () => {
    const seen: FollowedStep[] = [];
    let busy = 0;
    const server = await started({
      onOutcome: async (step) => {
        expect(++busy).toBe(1);
        await Bun.sleep(1);
        seen.push(step);
        busy--;
      },
    });
    const sent = Array.from({ length: 20 }, () => server.send(message));
    await Promise.all(sent);
    await until(() => seen.length >= 40, "all are seen");
    const cursors = seen.map(({ cursor }) => cursor);
    expect(cursors).toEqual(cursors.toSorted((a, b) => a - b));
    for (const { id } of sent) {
      expect(words(seen.filter((step) => step.message === id))).toEqual([`${id} accepted`, `${id} stored`]);
    }
    expect(seen[0]).toMatchObject({ sender: "localhost", recipient: "juliet@localhost" });
  });

  test("a function that throws gets the step again; send() does not wait for it", async () => {
    const calls: string[] = [];
    const server = await started({
      onOutcome: ({ kind }) => {
        calls.push(kind);
        if (calls.length === 1) throw new Error("Cannot write to the ledger: it is closed");
      },
    });
    expect(await server.send(message)).toEqual({ kind: "stored" });
    await until(() => calls.length >= 3, "it has gone on");
    expect(calls).toEqual(["accepted", "accepted", "stored"]);
    expect(server.told.errors).toHaveLength(1);
    expect(server.told.errors[0]).toContain("onOutcome failed");
  });

  test("goes on after a restart where it was: nothing twice after a stop in order, nothing missed in between", async () => {
    const store = `sqlite:${join(temporary(), "test.db")}`;
    const seen: FollowedStep[] = [];
    const onOutcome = (step: FollowedStep) => void seen.push(step);
    const first = await started({ store, onOutcome });
    const one = first.send(message);
    await one;
    await until(() => seen.length === 2, "the first is seen");
    await first.stop();
    const without = await started({ store });
    const two = without.send(message);
    await two;
    await without.stop();
    const third = await started({ store, onOutcome });
    const three = third.send(message);
    await three;
    await until(() => seen.length >= 6, "all are seen");
    expect(words(seen)).toEqual([one, two, three].flatMap(({ id }) => [`${id} accepted`, `${id} stored`]));
  });

  test("the step that is under way at the stop comes again", async () => {
    const store = `sqlite:${join(temporary(), "test.db")}`;
    const seen: string[] = [];
    const first = await started({
      store,
      onOutcome: async ({ kind }, signal) => {
        seen.push(kind);
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
      },
    });
    await first.send(message);
    await until(() => seen.length === 1, "the first is under way");
    await first.stop();
    await started({ store, onOutcome: ({ kind }) => void seen.push(kind) });
    await until(() => seen.length >= 3, "both come");
    expect(seen).toEqual(["accepted", "accepted", "stored"]);
  });

  test("a function that never ends holds up the stop for five seconds, and no longer", async () => {
    let calls = 0;
    const server = await started({
      onOutcome: () => {
        calls++;
        return new Promise(() => {});
      },
    });
    await server.send(message);
    await until(() => calls === 1, "it is called");
    const began = performance.now();
    await server.stop();
    expect(performance.now() - began).toBeLessThan(8000);
    await server.told.tells("onOutcome goes on after the stop", "cursor=0");
  }, 15_000);
});

describe("server.webhooks", () => {
  test("an endpoint that fails for days is switched off; replay() has it told what it missed", async () => {
    let [status, hits, clock] = [500, 0, 0];
    const endpoint = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => {
        hits++;
        return new Response(null, { status });
      },
    });
    ends.push(() => endpoint.stop(true));
    const url = `${endpoint.url}hook`;
    const hook = { url, secret: "sixteen or more characters", allow_private: true, kinds: ["stored"] as const };
    const server = await started({ outcomes: { webhooks: [hook] }, now: () => Date.now() + clock });
    await server.send(message);
    await until(() => hits === 1, "the first attempt");
    clock = 73 * 3_600_000;
    await until(() => server.webhooks.list()[0]?.isOn === false, "it is switched off");
    expect(server.told.errors.join()).toContain("webhook switched off");
    expect(server.told.errors.join()).not.toContain("/hook");
    status = 204;
    const seen = hits;
    await server.webhooks.replay(url);
    await until(() => server.webhooks.list()[0]?.waiting === 0, "it is told");
    expect(hits).toBe(seen + 1);
    expect(server.webhooks.list()).toEqual([{ ...server.webhooks.list()[0]!, isOn: true, failedMs: undefined }]);
    for (const [asked, cursor] of [
      ["http://127.0.0.1:9/", 0],
      [url, -1],
      [url, 1e9],
    ] as const) {
      expect(await server.webhooks.replay(asked, cursor).then(String, String)).toContain("Cannot replay webhook");
    }
  }, 15_000);
});
