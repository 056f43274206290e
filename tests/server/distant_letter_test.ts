/** Letters of another process for sessions that are over. */
import { afterEach, expect, test } from "bun:test";
import { readFrame, writeFrame } from "../../actors/letter_codec.ts";
import type { Peers } from "../../actors/peers.ts";
import type { Letters } from "../../actors/post.ts";
import { type AmpactServer, createServer } from "../../server/create_server.ts";
import { createInlineStore } from "../../store/sqlite_store.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";
import { Stanza } from "../../xmpp/stanza.ts";

/** Of the process 1, as all numbers above 2^40 are of no process that is there. */
const OVER = 2 ** 40 + 7;
let server: AmpactServer;
afterEach(() => server.stop());

async function carried(letter: Letters["session"]): Promise<readonly Letters[keyof Letters][]> {
  const letters: Letters[keyof Letters][] = [];
  let take!: (frame: string) => void;
  const peers: Peers = {
    own: 1,
    count: 2,
    ownerOf: () => 0,
    carry: (_, frame) => void letters.push(readFrame(frame).letter),
    listen: (given) => {
      take = given;
    },
  };
  server = createServer({ store: createInlineStore("sqlite::memory:"), log: SILENT_LOG }, peers);
  await server.start();
  take(writeFrame({ to: { kind: "session", id: OVER }, letter }));
  for (let waited = 0; letters.length === 0 && waited < 100; waited++) await Bun.sleep(10);
  return letters;
}

test("an IQ request for a session that is over is answered", async () => {
  const stanza = Stanza.parse(
    '<iq type="get" id="q" from="romeo@localhost/o" to="juliet@localhost/b"><ping xmlns="urn:xmpp:ping"/></iq>',
  );
  const [answer] = await carried({ kind: "deliver", stanza, seq: 0 });
  expect(answer).toMatchObject({ kind: "stanza" });
  const { stanza: told } = answer as { stanza: Stanza };
  expect([told.type, told.id, told.to?.text]).toEqual(["error", "q", "romeo@localhost/o"]);
});

test("a message for a session that is over is given back to the account", async () => {
  const stanza = Stanza.parse(
    '<message id="m" from="romeo@localhost/o" to="juliet@localhost/b"><body>Hi</body></message>',
  );
  const letters = await carried({ kind: "deliver", stanza, seq: 12 });
  expect(letters).toEqual([{ kind: "unproved", seqs: [12], session: OVER }]);
});
