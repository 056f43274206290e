/** Asks for a password: at a terminal without showing it, otherwise the first line of standard input. @module */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { AccountError } from "./account_error.ts";

/** Throws AccountError when nothing is entered, or the two entries differ. */
export async function askPassword(name: string): Promise<string> {
  const { isTTY } = process.stdin;
  const password = await readLine(isTTY ? `Password for ${name}: ` : "");
  if (password === undefined) throw new AccountError(`Cannot set the password of ${name}: none was entered`);
  if (isTTY && (await readLine("Again: ")) !== password) {
    throw new AccountError(`Cannot set the password of ${name}: the two entries differ`);
  }
  return password;
}

/**
 * One line, undefined at the end of input and at Control-C. Typed characters are not shown: the echo goes to `output`.
 */
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
    lines.once("SIGINT", () => lines.close());
    lines.once("close", () => {
      if (isTTY) process.stderr.write("\n");
      resolve(line);
    });
  });
}
