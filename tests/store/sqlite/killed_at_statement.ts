/** A program for one_log_migration_test.ts: opens a store, and is killed once the statement that begins so has run. */
import { Connection } from "../../../store/sqlite/connection.ts";
import { createInlineStore } from "../../../store/sqlite_store.ts";

const [path = "", beginning = ""] = process.argv.slice(2);
const all = Connection.prototype.all;
Connection.prototype.all = function (text, parameters) {
  const rows = all.call(this, text, parameters);
  if (text.startsWith(beginning)) process.kill(process.pid, "SIGKILL");
  return rows;
};
// What the killed step has written so far goes to the file: a cache this small keeps nothing back.
const prepare = Connection.prototype.prepare;
Connection.prototype.prepare = function (text) {
  if (text.startsWith("alter table account")) prepare.call(this, "pragma cache_size = 1").all();
  return prepare.call(this, text);
};
await createInlineStore(`sqlite:${path}`).open();
