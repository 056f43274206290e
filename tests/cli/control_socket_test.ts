import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AccountError } from "../../cli/account_error.ts";
import { askRunningServer, openControlSocket } from "../../cli/control_socket.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ampact-control-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** What one who asks is told where that is thrown, and the socket's mode. */
async function askedWhere(thrown: Error): Promise<[told: string, mode: string]> {
  const socket = await openControlSocket(folder, async () => {
    throw thrown;
  });
  try {
    const mode = (statSync(join(folder, "control.sock")).mode & 0o777).toString(8);
    return [await askRunningServer(folder, { kind: "list" } as never).then(String, String), mode];
  } finally {
    await socket?.stop();
  }
}

test("a fault of the server's own is not shown over the control socket", async () => {
  const [told, mode] = await askedWhere(new TypeError("at /home/somebody/secret.ts"));
  expect(told).toContain("an internal fault, which the server's log tells");
  expect(told).not.toContain("secret.ts");
  expect(mode).toBe("600");
});

test("what cannot be done is told over the control socket", async () => {
  const [told] = await askedWhere(new AccountError("Cannot add account: it exists"));
  expect(told).toContain("Cannot add account: it exists");
});
