/** Asks for a password: at a terminal without showing it, otherwise the first line of standard input. @module */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { AccountError } from "./account_error.ts";

/** Throws AccountError where two entries differ, or nothing is entered. */
export async function askPassword(name: string): Promise<string> {
  if (!process.stdin.isTTY) return (await readLine("")) ?? "";
  const first = await readLine(`Password for ${name}: `);
  const second = await readLine("Again: ");
  if (first === undefined || first !== second) throw new AccountError("Cannot use the password: the two differ");
  return first;
}

/** One line, undefined at the end of input. What is typed is not shown: it would go to `output`. */
function readLine(prompt: string): Promise<string | undefined> {
  const { isTTY } = process.stdin;
  if (isTTY) process.stderr.write(prompt);
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: isTTY === true });
  return new Promise((resolve) => {
    let line: string | undefined;
    lines.once("line", (text) => {
      line = text;
      lines.close();
    });
    lines.once("close", () => {
      if (isTTY) process.stderr.write("\n");
      resolve(line);
    });
  });
}
