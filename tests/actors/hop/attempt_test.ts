import { expect, test } from "bun:test";
import type { Tracked } from "../../../actors/delivery/tracked.ts";
import { attempt } from "../../../actors/hop/attempt.ts";
import type { HopState } from "../../../actors/hop/hop_state.ts";
import { Jid } from "../../../xmpp/jid.ts";
import { Stanza } from "../../../xmpp/stanza.ts";
import { xml } from "../../../xmpp/xml/xml.ts";

const addresses = { from: Jid.parse("romeo@localhost/orchard"), to: Jid.parse("x@sms.localhost") };
const stanza = Stanza.build("message", { ...addresses, id: "m1", type: "chat" }, xml`<body>Hi</body>`);
const fails = () => {
  throw new Error("Cannot do it");
};
const node = { stanzaId: () => "id", schedule: () => () => {} };

test.each([
  ["the hop throws", node, fails],
  ["the message has no id", { ...node, stanzaId: fails }, () => "taken"],
])("attempt() resolves with an error where %s", async (_, node, hand) => {
  const state = { node, hop: { hand }, options: { timeoutMs: 1000 } } as unknown as HopState;
  expect(await attempt(state, { stanza, seq: 1, flight: { stage: { kind: "handed" } } } as Tracked, 1)).toEqual(
    new Error("Cannot do it"),
  );
});
