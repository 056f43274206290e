/** XEP-0079 as somebody else reads it: what we write, read by slixmpp's stanza classes. */

import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { AMP_STREAM_FEATURE } from "../../amp/discovery.ts";
import { ampElement, failedRules, notice, refusal, serviceUnavailable } from "../../amp/reply.ts";
import type { FaultKind } from "../../amp/rule.ts";
import { skipReason, TEST_TOOLS } from "../../scripts/install_test_tools/test_tool.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { rules } from "./fixtures.ts";

const READER = join(import.meta.dir, "slixmpp_reader.py");
const address = {
  domain: Jid.parse("hamlet.lit"),
  sender: Jid.parse("bernardo@hamlet.lit/elsinore"),
  recipient: Jid.parse("francisco@hamlet.lit"),
  id: "chatty2",
};
const reason = skipReason(TEST_TOOLS.slixmpp);
const read = reason === undefined ? test : test.skip;
const named = (name: string) => (reason === undefined ? name : `${name} ${reason}`);

function readBySlixmpp(...texts: readonly string[]): unknown[] {
  const { stdout, stderr, status } = spawnSync(TEST_TOOLS.slixmpp.find()!, [READER], {
    input: JSON.stringify(texts),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const head = { id: "chatty2", from: "hamlet.lit", to: "bernardo@hamlet.lit/elsinore" };
const ends = { from: "bernardo@hamlet.lit/elsinore", to: "francisco@hamlet.lit" };
const quoted = (action: string, condition: string, value: string) => ({ action, condition, value });

read(named("XEP-0079 3.4.1, 3.4.4: slixmpp reads our events"), () => {
  const [stored, direct] = rules("alert deliver stored", "notify deliver direct");
  const events = [notice("alert", stored!, address), notice("notify", direct!, address)];
  expect(readBySlixmpp(...events.map(String))).toEqual([
    {
      ...head,
      type: "normal",
      amp: { status: "alert", perHop: false, rules: [quoted("alert", "deliver", "stored")], ...ends },
    },
    {
      ...head,
      type: "normal",
      amp: { status: "notify", perHop: false, rules: [quoted("notify", "deliver", "direct")], ...ends },
    },
  ]);
});

read(named("XEP-0079 3.4.3, 6.2.5: slixmpp reads our error, with failed-rules in amp#errors"), () => {
  const all = rules("error match-resource other");
  const [found] = readBySlixmpp(failedRules(all, address).toString());
  const failed = [quoted("error", "match-resource", "other")];
  expect(found).toEqual({
    ...head,
    type: "error",
    amp: { status: "error", perHop: false, rules: failed, ...ends },
    error: { condition: "undefined-condition", type: "modify", code: "500", failed_rules: failed },
  });
});

read(named("XEP-0079 6.1, 6.2.1, 6.2.2, 6.2.3: slixmpp reads our refusals, each with all its rules"), () => {
  const kinds: readonly (readonly [FaultKind, string, string, string])[] = [
    ["unsupported-actions", "unsupported_actions", "bad-request", "400"],
    ["unsupported-conditions", "unsupported_conditions", "bad-request", "400"],
    ["invalid-rules", "invalid_rules", "not-acceptable", "405"],
  ];
  const faulty = [quoted("explode", "deliver", "stored"), quoted("implode", "deliver", "direct")];
  const found = readBySlixmpp(...kinds.map(([kind]) => refusal({ kind, rules: faulty }, address).toString()));
  const wanted = kinds.map(([, plugin, condition, code]) => ({
    ...head,
    type: "error",
    amp: { status: "", perHop: false, rules: faulty },
    error: { condition, type: "modify", code, [plugin]: faulty },
  }));
  expect(found).toEqual(wanted);
});

read(named("XEP-0079 6.2.4: slixmpp reads service-unavailable"), () => {
  const [found] = readBySlixmpp(serviceUnavailable(rules("notify deliver direct"), address).toString());
  expect(found).toMatchObject({ type: "error", error: { condition: "service-unavailable", code: "503" } });
});

read(named("XEP-0079 4.1, 8: slixmpp reads what goes on with a message, and the stream feature"), () => {
  const amp = ampElement(rules("drop expire-at 2026-11-22T14:00:00Z"), true, address.sender, address.recipient);
  const message = Stanza.build("message", { from: address.sender, to: address.recipient, id: "m1" }, amp).toString();
  const features = xml`<stream:features xmlns:stream="${NS.STREAM}">${AMP_STREAM_FEATURE}</stream:features>`.text;
  const found = readBySlixmpp(message, features);
  expect(found[0]).toMatchObject({
    amp: { status: "", perHop: true, rules: [quoted("drop", "expire-at", "2026-11-22T14:00:00Z")], ...ends },
  });
  expect(found[1]).toEqual({ feature: true });
});
