import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { NS } from "../../../xmpp/ns.ts";
import { until } from "../s2s/link_end.ts";
import { RawPeer } from "../s2s/raw_peer.ts";
import { componentHeader, DOMAIN, handshake } from "./component_end.ts";

const ROOT = resolve(import.meta.dir, "../../..");
const PROGRAM = join(import.meta.dir, "component_program.ts");
const LIMIT_MS = 15_000;

test("on Deno a component is accepted, refused, and proves receipt", async () => {
  const child = spawn(join(ROOT, "node_modules/.bin/deno"), ["run", "-A", "--quiet", PROGRAM], { cwd: ROOT });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const fact = async () => JSON.parse((await lines.next()).value ?? "{}");
    const { port } = await fact();
    const stranger = await RawPeer.connect(port);
    await stranger.ask(componentHeader(), "<stream:stream");
    await stranger.ask(handshake(stranger, "another secret of components"), "</stream:stream>");
    expect(stranger.text).toContain(`<not-authorized xmlns="${NS.STREAMS}"`);
    const peer = await RawPeer.connect(port);
    await peer.ask(componentHeader(), "<stream:stream");
    await peer.ask(handshake(peer), "<handshake/>");
    peer.send(`<message from='bot@${DOMAIN}' to='romeo@a.lab'/>`);
    child.stdin.write(`${JSON.stringify({ send: "Hi" })}\n`);
    await until(() => peer.text.includes("<ping"), LIMIT_MS);
    expect(peer.text).toContain("<body>Hi</body>");
    const [, id] = /<iq type="get" id="([^"]+)"/.exec(peer.text)!;
    peer.send(`<iq type='error' id='${id}' from='${DOMAIN}' to='a.lab'/>`);
    const { proved, received } = await fact();
    expect([proved, received]).toEqual([
      "Hi",
      [`<message xmlns="${NS.CLIENT}" from="bot@${DOMAIN}" to="romeo@a.lab"/>`],
    ]);
    peer.stop();
    child.stdin.write("{}\n");
  } finally {
    child.kill("SIGKILL");
  }
}, 30_000);
