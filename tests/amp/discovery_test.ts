import { expect, test } from "bun:test";
import { AMP_FEATURES, AMP_NODE, AMP_STREAM_FEATURE } from "../../amp/discovery.ts";
import { tree } from "./fixtures.ts";

test("XEP-0079 2.1.1: the protocol, and every action and condition that works", () => {
  expect(AMP_NODE).toBe("http://jabber.org/protocol/amp");
  expect([...AMP_FEATURES].sort()).toEqual([
    "http://jabber.org/protocol/amp",
    "http://jabber.org/protocol/amp?action=alert",
    "http://jabber.org/protocol/amp?action=drop",
    "http://jabber.org/protocol/amp?action=error",
    "http://jabber.org/protocol/amp?action=notify",
    "http://jabber.org/protocol/amp?condition=deliver",
    "http://jabber.org/protocol/amp?condition=expire-at",
    "http://jabber.org/protocol/amp?condition=match-resource",
  ]);
});

test("XEP-0079 8: the stream feature is in http://jabber.org/features/amp", () => {
  expect(tree(AMP_STREAM_FEATURE.text)).toEqual(tree(`<amp xmlns='http://jabber.org/features/amp'/>`));
});
