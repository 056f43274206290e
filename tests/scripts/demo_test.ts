import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Narrator } from "../../scripts/demo/narrator.ts";
import { Player, StoryError } from "../../scripts/demo/player.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { Program } from "./program.ts";

const ROOT = resolve(import.meta.dir, "../..");
const SCRIPT = join(ROOT, "scripts/demo.ts");
const LIMIT_MS = 10_000;

describe("scripts/demo.ts", () => {
  test.each([
    ["bun", [process.execPath, SCRIPT]],
    ["deno", [join(ROOT, "node_modules/.bin/deno"), "run", "-A", SCRIPT]],
  ])(
    "tells its story on %s, and ends by itself",
    async (_, [command, ...args]) => {
      const start = performance.now();
      const program = new Program(command!, args, { cwd: tmpdir() });
      const code = await program.exitCode;
      expect(program.errors.split("\n").filter((line) => line.startsWith("This was not to happen"))).toEqual([]);
      expect(code).toBe(0);
      expect(performance.now() - start).toBeLessThan(LIMIT_MS);
      for (const part of [
        'condition="deliver" value="direct"',
        'condition="deliver" value="stored"',
        '<amp status="alert">',
        'condition="expire-at"',
        "<failed-rules>",
        "has followed it from one loop",
        "stored, offered, proved (bosh-ack), settled",
        'romeo saw "Art thou there?", "Come to the garden", "Good night"',
      ]) {
        expect(program.output).toContain(part);
      }
      // No terminal, no colours.
      expect(program.output).not.toContain("\u001b[");
    },
    2 * LIMIT_MS,
  );
});

describe("Player.sees()", () => {
  const message = (body: string) => `<message xmlns="jabber:client"><body>${body}</body></message>`;

  test("finds what has come, and what is to come", async () => {
    const romeo = new Player("romeo");
    romeo.receive(message("one"));
    expect((await romeo.seesBody("one")).name).toBe("message");
    const later = romeo.seesBody("two");
    romeo.receive(message("three"));
    romeo.receive(message("two"));
    expect((await later).child("body", "jabber:client")?.text).toBe("two");
    expect(romeo.bodies).toEqual(["one", "three", "two"]);
  });

  test("throws StoryError when it does not come", async () => {
    const romeo = new Player("romeo", 5);
    await expect(romeo.seesBody("one")).rejects.toThrow(new StoryError('romeo waited in vain for the message "one"'));
  });
});

describe("Narrator", () => {
  test("colours a terminal, and leaves out addresses and namespaces", () => {
    const written: string[] = [];
    const narrator = new Narrator({ isTTY: true, write: (text) => written.push(text) });
    narrator.says("romeo", "sighs");
    narrator.shows(Element.parse('<message xmlns="jabber:client" id="m1" from="a" to="b"><amp xmlns="x"/></message>'));
    expect(written[0]).toMatch(/^ {3}0\.\d\d s {2}\u001b\[32mromeo\u001b\[0m sighs\n$/);
    expect(written[1]).toContain('<message id="m1"><amp/></message>');
  });
});
