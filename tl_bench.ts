import { createInlineStore } from "./store/sqlite_store.ts";
import { rmSync } from "node:fs";
rmSync("/tmp/tl/x.db", { force: true });
let store = createInlineStore("sqlite:/tmp/tl/x.db");
await store.open(); await store.close();
import { Database } from "bun:sqlite";
{ const db = new Database("/tmp/tl/x.db"); for (const x of process.argv.slice(2)) db.run(`drop index ${x}`); db.close(); }
store = createInlineStore("sqlite:/tmp/tl/x.db");
await store.open();
let id = 0;
const N = 200, ROUNDS = 200;
const t0 = performance.now(); const c0 = process.cpuUsage();
let pend: string[] = [];
for (let r = 0; r < ROUNDS; r++) {
  const calls: any[] = []; const steps: any[] = [];
  const ids: string[] = [];
  for (let i = 0; i < N; i++) { const k = Math.random().toString(36).slice(2) + id++; ids.push(k); calls.push(["openTimeline", { id: k, stanza: "m" + id, from: `user${i % 50}@localhost/x`, to: `peer${i % 50}@localhost/y`, at: Date.now() }]); steps.push({ timeline: k, at: Date.now(), kind: "offered", detail: '{"resources":["x"]}' }); }
  for (const k of pend) { for (const kind of ["proved", "accepted"]) steps.push({ timeline: k, at: Date.now(), kind, detail: kind === "proved" ? '{"resource":"x","by":"pong"}' : undefined }); steps.push({ timeline: k, at: Date.now(), kind: "settled", detail: '{"outcome":{"kind":"direct","resource":"x"}}', settles: "direct" }); }
  calls.push(["noteSteps", steps]);
  await store.run(calls);
  pend = ids;
}
const c = process.cpuUsage(c0);
console.log("wall us/msg", (performance.now() - t0) * 1000 / N / ROUNDS, "cpu", (c.user + c.system) / N / ROUNDS);
await store.close();
