import { expect, test } from "bun:test";
import fc from "fast-check";
import { readProxyHeader } from "../../../transport/tcp/proxy_header.ts";

const PART = { kind: "part" };
const BAD = { kind: "bad" };
const whole = (address: string | undefined, end: number) => ({ kind: "whole", address, end });

test.each([
  ["PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n<stream", whole("192.0.2.1", 45)],
  ["PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n", whole("2001:db8::1", 40)],
  ["PROXY UNKNOWN\r\n", whole(undefined, 15)],
  ["PROXY UNKNOWN what ever\r\nx", whole(undefined, 25)],
  ["", PART],
  ["PRO", PART],
  ["PROXY TCP4 192.0.2.1", PART],
  ["PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r", PART],
  ["PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n", PART],
  [`PROXY TCP4 ${"1".repeat(100)}`, BAD],
  ["PROXY TCP4 192.0.2.1 198.51.100.1 56324 65536\r\n", BAD],
  ["PROXY TCP4 192.0.2.1 198.51.100.1 056 443\r\n", BAD],
  ["PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n", BAD],
  ["PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", BAD],
  ["PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n", BAD],
  ["PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n", BAD],
  ["proxy TCP4 192.0.2.1 198.51.100.1 1 2\r\n", BAD],
  ["<stream:stream>", BAD],
])("readProxyHeader(%j)", (text, expected) => {
  expect(readProxyHeader(Buffer.from(text)) as object).toEqual(expected);
});

const SIGNATURE = "0d0a0d0a000d0a515549540a";
test.each([
  ["IPv4", `${SIGNATURE}2111000cc0000201c633640100010002`, whole("192.0.2.1", 28)],
  ["IPv4 and what else is told", `${SIGNATURE}2111000fc0000201c633640100010002aabbcc00`, whole("192.0.2.1", 31)],
  ["IPv6", `${SIGNATURE}21210024${"20010db8".padEnd(31, "0")}1${"0".repeat(32)}00010002`, whole("2001:db8::1", 52)],
  ["IPv4 as IPv6", `${SIGNATURE}21210024${"0".repeat(20)}ffffc0000201${"0".repeat(40)}`, whole("192.0.2.1", 52)],
  ["the balancer itself", `${SIGNATURE}20000000`, whole(undefined, 16)],
  ["the balancer itself, with an address", `${SIGNATURE}2011000cc0000201c633640100010002`, whole(undefined, 28)],
  ["a family that is not known", `${SIGNATURE}21310002aabb`, whole(undefined, 18)],
  ["a part of the signature", SIGNATURE.slice(0, 10), PART],
  ["no length yet", `${SIGNATURE}2111`, PART],
  ["no address yet", `${SIGNATURE}2111000cc000`, PART],
  ["too short an address", `${SIGNATURE}2111000bc0000201c6336401000100`, BAD],
  ["version 1 in this form", `${SIGNATURE}1111000cc0000201c633640100010002`, BAD],
  ["no such command", `${SIGNATURE}2211000cc0000201c633640100010002`, BAD],
  ["more than is read", `${SIGNATURE}21111001`, BAD],
])("readProxyHeader() of version 2: %s", (_what, hex, expected) => {
  expect(readProxyHeader(Buffer.from(hex, "hex")) as object).toEqual(expected);
});

const headers = fc.tuple(fc.boolean(), fc.ipV4(), fc.uint8Array({ maxLength: 40 })).map(([isLine, address, after]) => {
  const octets = address.split(".").map(Number);
  const header = isLine
    ? Buffer.from(`PROXY TCP4 ${address} 192.0.2.1 1 2\r\n`)
    : Buffer.concat([Buffer.from(`${SIGNATURE}2111000c`, "hex"), Buffer.from([...octets, 0, 0, 0, 0, 0, 0, 0, 0])]);
  return { address, header, after };
});

test("a header is found whatever follows it, and no part of one is taken for a whole", () => {
  fc.assert(
    fc.property(headers, ({ address, header, after }) => {
      expect(readProxyHeader(Buffer.concat([header, after])) as object).toEqual(whole(address, header.length));
      for (let size = 0; size < header.length; size++) {
        expect(readProxyHeader(header.subarray(0, size)) as object).toEqual(PART);
      }
    }),
  );
});

test("no bytes make it wait for more than its bound, and none make it throw", () => {
  const beginnings = fc.constantFrom("", "PROXY ", "PROXY TCP4 ").map((text) => Buffer.from(text));
  const binary = fc.constant(Buffer.from(SIGNATURE, "hex"));
  fc.assert(
    fc.property(fc.oneof(beginnings, binary), fc.uint8Array({ minLength: 5000, maxLength: 5000 }), (start, rest) => {
      expect(readProxyHeader(Buffer.concat([start, rest])).kind).not.toBe("part");
    }),
  );
});
