import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connect } from "node:tls";
import { type Client, client, type Element, xml } from "@xmpp/client";
import { freePort } from "../../scripts/local_port.ts";
import { Program } from "../scripts/program.ts";

const ROOT = resolve(import.meta.dir, "../..");
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ampact-examples-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function login(port: number): Promise<Client> {
  const service = `ws://127.0.0.1:${port}/xmpp-websocket`;
  const romeo = client({ service, domain: "localhost", username: "romeo", password: "secret", resource: "phone" });
  romeo.reconnect.stop();
  await romeo.start();
  // The server echoes a presence once it counts.
  const available = stanza(romeo, "presence");
  await romeo.send(xml("presence"));
  await available;
  return romeo;
}

function stanza(romeo: Client, name: string): Promise<Element> {
  return new Promise((resolve) => {
    romeo.on("stanza", (element: Element) => {
      if (element.is(name)) resolve(element);
    });
  });
}

function certificateAt(port: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subjectaltname);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

describe("examples/", () => {
  test("Deno agrees with the types of all that an app may import", async () => {
    const files = ["mod.ts", "bun.ts", "deno.ts", "client/mod.ts", "scripts/server.ts", "examples/deno.ts"];
    const deno = Bun.spawn([join(ROOT, "node_modules/.bin/deno"), "check", ...files], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: "1" },
      stdout: "ignore",
      stderr: "pipe",
    });
    const said = await new Response(deno.stderr).text();
    expect(said).not.toContain("ERROR");
    expect(await deno.exited).toBe(0);
  }, 120_000);

  test.each([
    ["bun", [process.execPath, "examples/bun.ts"]],
    ["deno", ["node_modules/.bin/deno", "run", "-A", "examples/deno.ts"]],
  ])("the app on %s sends a message and tells what became of it", async (_, [command, ...args]) => {
    const port = await freePort();
    const tlsPort = await freePort();
    const paths = args.map((arg) => (arg.endsWith(".ts") ? join(ROOT, arg) : arg));
    const program = new Program(resolve(ROOT, command!), paths, {
      cwd: folder,
      env: { PORT: String(port), TCP_PORT: "0", TLS_PORT: String(tlsPort) },
    });
    try {
      const health = await program.answersAt(`http://127.0.0.1:${port}/health`);
      expect(await health.json()).toEqual({ sessions: 0 });

      const romeo = await login(port);
      const received = stanza(romeo, "message");
      const order = await fetch(`http://127.0.0.1:${port}/orders/7/ready`, { method: "POST" });
      expect(await order.json()).toEqual({ kind: "direct", resource: expect.stringMatching(/^phone/) });
      expect((await received).getChildText("body")).toBe("Your order 7 is ready");
      await romeo.stop();

      expect(await certificateAt(tlsPort)).toBe("DNS:localhost");

      const later = await fetch(`http://127.0.0.1:${port}/orders/8/ready`, { method: "POST" });
      expect(await later.json()).toEqual({ kind: "stored" });
      program.kill("SIGTERM");
      expect(await program.exitCode).toBe(0);
    } finally {
      program.kill("SIGKILL");
    }
  });
});
