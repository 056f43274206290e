import { expect, test } from "bun:test";
import { reportKind } from "../../../destinations/federation/reports.ts";
import { NS } from "../../../xmpp/ns.ts";
import { Stanza } from "../../../xmpp/stanza.ts";

const JULIET = "juliet@mantua.example";

test.each([
  ["report", "mantua.example", "romeo@verona.example/orchard", JULIET],
  ["report", "mantua.example", "romeo@verona.example/orchard", `${JULIET}/balcony`],
  // Of a message to somebody whom that server does not serve.
  ["forged", "evil.example", "romeo@verona.example/orchard", JULIET],
  ["forged", "mantua.example", "romeo@verona.example/orchard", "nurse@verona.example"],
  ["forged", "mantua.example", "romeo@verona.example/orchard", ""],
  // Of somebody else's message.
  ["forged", "mantua.example", "nurse@verona.example/x", JULIET],
  ["forged", "mantua.example/x", "romeo@verona.example/orchard", JULIET],
  // What a user claims.
  [undefined, JULIET, "romeo@verona.example/orchard", JULIET],
] as const)("%p: from %s of a message from %s to %s", (kind, by, from, to) => {
  const amp = `<amp xmlns="${NS.AMP}" status="notify" from="${from}" to="${to}"/>`;
  const text = `<message xmlns="${NS.CLIENT}" from="${by}" to="romeo@verona.example" id="m1">${amp}</message>`;
  expect(reportKind(Stanza.parse(text))).toBe(kind as "report");
});
