import { afterAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import { createInlineStore, WorkerStore } from "../../../store/sqlite_store.ts";
import {
  addAccounts,
  archived,
  archiveSeqs,
  call,
  faultOf,
  JULIET,
  pendingSeqs,
  ROMEO,
} from "../../../testing/store/harness.ts";

const folder = mkdtempSync(join(tmpdir(), "ampact-worker-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A store and the threads that it has started. */
function storeWithThreads(path: string): { store: WorkerStore; threads: Worker[] } {
  const threads: Worker[] = [];
  const url = new URL("../../../store/sqlite/worker.ts", import.meta.url);
  const store = new WorkerStore({ path }, () => {
    const thread = new Worker(url, { workerData: { path } });
    threads.push(thread);
    return thread;
  });
  return { store, threads };
}

describe("a store whose thread ends", () => {
  test("rejects what is under way, and starts again with the next batch", async () => {
    const { store, threads } = storeWithThreads(join(folder, "thread.db"));
    const first = await store.open();
    await addAccounts(store, ROMEO, JULIET);
    await call(store, "append", archived(1));

    const many = Array.from({ length: 20_000 }, (_, i) => archived(i + 10)).flat();
    const running = store.run([["append", many]]);
    const [fault] = await Promise.all([faultOf(running), threads[0]!.terminate()]);
    expect(fault.kind).toBe("failed");

    await call(store, "append", archived(3));
    expect(threads).toHaveLength(2);
    expect(await archiveSeqs(store, ROMEO)).toEqual([1, 3]);
    await store.close();
    expect(await store.open()).toEqual({ idKey: first.idKey, lastSeq: 3 });
    await store.close();
  });

  test("stays closed where its database was in memory", async () => {
    const { store, threads } = storeWithThreads(":memory:");
    await store.open();
    await addAccounts(store, ROMEO);
    await threads[0]!.terminate();
    expect((await faultOf(store.run([["accounts", "", 1]]))).kind).toBe("failed");
  });
});

test("after SIGKILL everything is there that a resolved batch held", async () => {
  const path = join(folder, "killed.db");
  const program = join(import.meta.dir, "append_forever.ts");
  const child = spawn(process.execPath, [program, `sqlite:${path}`, ROMEO, JULIET], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let last = 0;
  for await (const line of createInterface(child.stdout)) {
    last = Number(line);
    if (last >= 600) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");

  const store = createInlineStore(`sqlite:${path}`);
  expect((await store.open()).lastSeq).toBeGreaterThanOrEqual(last);
  for (const seqs of [
    await archiveSeqs(store, ROMEO),
    await archiveSeqs(store, JULIET),
    await pendingSeqs(store, JULIET),
  ]) {
    // Whole batches and nothing else: a last one may have been committed and not yet told.
    expect(seqs.slice(0, last)).toEqual(Array.from({ length: last }, (_, i) => i + 1));
    expect(seqs.length % 10).toBe(0);
  }
  await store.close();
});

test("a batch that cannot be packed is refused, and shifts no answer of a later one", async () => {
  const { store } = storeWithThreads(":memory:");
  await store.open();
  await addAccounts(store, ROMEO);
  const unwritable = {
    ...archived(1)[0]!,
    get text(): string {
      throw new RangeError("Invalid string length");
    },
  };
  expect((await faultOf(store.run([["append", [unwritable]]]))).kind).toBe("failed");
  expect(await store.run([["append", archived(2)]])).toHaveLength(1);
  expect(await archiveSeqs(store, ROMEO)).toEqual([2]);
  await store.close();
});
