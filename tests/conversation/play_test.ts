/** A runner that lets everything pass would be worse than none: each of these plays has to fail. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { xml } from "../../xmpp/xml/xml.ts";
import type { Cast, Clock } from "./cast.ts";
import { Play } from "./play.ts";
import { TestServer } from "./test_server.ts";

const CLOCK: Clock = { now: Date.now, advance: () => {} };
let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

const hi = (to: string) => xml`<message to="${to}" type="chat"><body>Hi</body></message>`;

const PLAYS: readonly (readonly [what: string, reason: string, plot: (cast: Cast) => Promise<void>])[] = [
  [
    "in which a stanza is left over",
    "should have received nothing more",
    async ({ romeo, juliet }) => {
      await romeo.online();
      await juliet.online();
      romeo.sends(hi(juliet.bare));
    },
  ],
  [
    "that asserts too soon that nothing comes",
    "should have received nothing more",
    async ({ romeo, juliet }) => {
      await romeo.online();
      await juliet.online();
      romeo.sends(hi(juliet.bare));
      await juliet.receivesNothing();
    },
  ],
  [
    "in which another stanza comes than expected",
    `the text of <body> is "Hi", not "Ho"`,
    async ({ romeo, juliet }) => {
      await romeo.online();
      await juliet.online();
      romeo.sends(hi(juliet.bare));
      await juliet.receives(xml`<message><body>Ho</body></message>`);
    },
  ],
  [
    "in which stanzas are one too many",
    "which is none of",
    async ({ romeo, juliet }) => {
      await romeo.online();
      await juliet.online();
      for (let time = 0; time < 2; time++) romeo.sends(hi(juliet.bare));
      await juliet.hasReceived([hi(juliet.bare)]);
    },
  ],
  [
    "in which an answer has another form",
    "but should receive",
    async ({ romeo, paris }) => {
      await romeo.online();
      const request = xml`<iq type="get" to="${paris.bare}"><ping xmlns="urn:xmpp:ping"/></iq>`;
      await romeo.asksAndGets(request, xml`<iq type="result"/>`);
    },
  ],
  [
    "in which the server logs an error",
    "The server logs an error: it is broken",
    async ({ romeo }) => {
      await romeo.online();
      server.log.error("it is broken");
    },
  ],
  [
    "that expects an error in the log in vain",
    "The server has not logged: it is broken",
    async ({ romeo, expectsLogged }) => {
      await romeo.online();
      expectsLogged("it is broken");
    },
  ],
];

for (const [what, reason, plot] of PLAYS) {
  for (const transport of ["websocket", "bosh", "tcp"] as const) {
    test(`a play ${what} fails (${transport})`, async () => {
      const failure = await new Play(server, transport, CLOCK).perform(plot).catch((error: Error) => error.message);
      expect(failure).toContain(reason);
    });
  }
}
