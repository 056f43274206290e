/**
 * A program for worker_store_test.ts: appends batches of ten until it is killed, and prints each batch's last number
 * once it is committed.
 */

import { createSqliteStore } from "../../../store/sqlite_store.ts";
import type { NewMessage } from "../../../store/store.ts";

const [url = "", romeo = "", juliet = ""] = process.argv.slice(2);
const store = createSqliteStore(url);
await store.open();
await store.run([romeo, juliet].map((account) => ["createAccount", account, {}, 1]));

for (let seq = 0; ; ) {
  const messages = Array.from({ length: 10 }, () => rowsOf(++seq)).flat();
  const last = seq;
  const running = store.run([["append", messages]]).then(() => process.stdout.write(`${last}\n`));
  if (seq % 50 === 0) await running;
}

function rowsOf(seq: number): readonly NewMessage[] {
  const text = `<message id="${seq}"/>`;
  return [
    { owner: romeo, seq, text, peer: juliet },
    { owner: juliet, seq, text, peer: romeo, waiting: {} },
  ];
}
