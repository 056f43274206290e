/**
 * The step to timelines, on what the version before it has left at a crash. fixtures/before_outcomes.json has the statements
 * that make that database, and what that version told of it.
 */
import { afterAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "../../../store/sqlite/connection.ts";
import { createInlineStore } from "../../../store/sqlite_store.ts";
import type { Store } from "../../../store/store.ts";
import { archived, call, JULIET, NURSE, ROMEO } from "../../../testing/store/harness.ts";
import { countRows } from "./database_file.ts";
import fixture from "./fixtures/before_outcomes.json";

const GATEWAY = "gateway.example";

const folder = mkdtempSync(join(tmpdir(), "ampact-outcomes-"));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;

function filled(): string {
  const path = join(folder, `${++made}.db`);
  const connection = new Connection({ path });
  for (const statement of fixture.statements) connection.execute(statement);
  connection.close();
  return path;
}

async function opened(path: string): Promise<Store> {
  const store = createInlineStore(`sqlite:${path}`);
  await store.open();
  return store;
}

async function expectAsBefore(store: Store): Promise<void> {
  for (const owner of [ROMEO, JULIET, NURSE, GATEWAY] as const) {
    const before = fixture.state.owners[owner];
    expect(JSON.parse(JSON.stringify(await call(store, "pending", owner, 0, 99)))).toEqual(before.pending);
    expect((await call(store, "archive", { owner, take: "first", limit: 99 })).messages).toEqual(before.archive);
    expect((await call(store, "usage", owner)) ?? null).toEqual(before.usage);
  }
  const byPeer = await call(store, "archive", { owner: ROMEO, peer: JULIET, take: "first", limit: 9, count: true });
  expect(byPeer).toEqual(fixture.state.peer);
  expect(await call(store, "due", 1e9, 99)).toEqual(fixture.state.due);
  expect(await call(store, "document", ROMEO, "private", "key")).toBe("<x/>");
  expect(await call(store, "timelines", { limit: 9 })).toEqual([]);
}

test("everything is there after the step, and goes on with timelines", async () => {
  const path = filled();
  const store = await opened(path);
  await expectAsBefore(store);
  await call(store, "openTimeline", { id: "t", from: ROMEO, to: JULIET, at: 5 });
  await call(store, "noteSteps", [{ timeline: "t", at: 5, kind: "accepted" }]);
  await call(store, "append", archived(8, { waiting: { timeline: "t" } }));
  await store.close();

  const again = await opened(path);
  expect((await call(again, "pending", JULIET, 7, 9)).map(({ seq, timeline }) => [seq, timeline])).toEqual([[8, "t"]]);
  expect(await call(again, "timeline", "t")).toMatchObject({ steps: [{ cursor: 1, kind: "accepted" }] });
  await again.close();
});

test.each(["create table timeline", "create index timeline_step_place", "alter table log add"])(
  "SIGKILL at %p leaves the database as it was, and the next start begins the step again",
  async (statement) => {
    const path = filled();
    const program = join(import.meta.dir, "killed_at_statement.ts");
    const child = spawn(process.execPath, [program, path, statement], { stdio: "inherit" });
    await once(child, "exit");
    expect(child.signalCode).toBe("SIGKILL");
    expect(countRows(path, "log")).toBeGreaterThan(5);
    expect(countRows(path, "sqlite_schema where name like 'timeline%'")).toBe(0);
    const store = await opened(path);
    await expectAsBefore(store);
    await store.close();
  },
);
