import { expect, test } from "bun:test";
import { isLoopback, limitKey, peerOfRequest, trustProxies } from "../../transport/client_address.ts";

test.each([
  ["127.0.0.1", true],
  ["127.8.9.10", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["128.0.0.1", false],
  ["127.0.0.1.example", false],
  ["::2", false],
  ["unknown", false],
])("isLoopback(%s) is %p", (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});

const direct = { remote: "192.0.2.1", https: false, forwardedFor: undefined, forwardedProto: undefined };
const proxied = { ...direct, remote: "127.0.0.1", forwardedFor: "198.51.100.1, 192.0.2.7" };

test.each([
  ["itself", direct, "192.0.2.1", false, false],
  ["itself over TLS", { ...direct, https: true }, "192.0.2.1", true, false],
  ["a local client", { ...direct, remote: "::1" }, "::1", false, true],
  [
    "a stranger that calls itself a proxy",
    { ...direct, forwardedFor: "127.0.0.1", forwardedProto: "https" },
    "192.0.2.1",
    false,
    false,
  ],
  ["a local proxy's client", proxied, "192.0.2.7", false, false],
  ["a local proxy's client over TLS", { ...proxied, forwardedProto: "https" }, "192.0.2.7", true, false],
  ["nobody knows", { ...direct, remote: undefined }, "unknown", false, false],
])("peerOfRequest() of %s", (_what, origin, address, encrypted, loopback) => {
  expect(peerOfRequest(origin, trustProxies([]))).toEqual({ address, security: { encrypted, loopback } });
});

const viaTwo = { ...direct, remote: "::ffff:10.1.2.3", forwardedFor: "127.0.0.1, 192.0.2.7, 10.9.9.9" };

test.each([
  ["a proxy in a trusted network", ["10.0.0.0/8"], viaTwo, "192.0.2.7"],
  ["a trusted proxy behind one that is not", ["10.1.2.3"], viaTwo, "10.9.9.9"],
  ["a proxy that is not trusted", ["10.1.2.4", "fd00::/8"], viaTwo, "::ffff:10.1.2.3"],
  ["a trusted proxy's own request", ["10.0.0.0/8"], { ...viaTwo, forwardedFor: "10.9.9.9" }, "10.9.9.9"],
  [
    "a trusted proxy with IPv6",
    ["fd00::/8"],
    { ...viaTwo, remote: "fd12::1", forwardedFor: "2001:db8::1" },
    "2001:db8::1",
  ],
  [
    "a trusted proxy, from a neighbour of its that says it is on this machine",
    ["10.0.0.0/8"],
    { ...viaTwo, forwardedFor: "127.0.0.1, 10.9.9.9" },
    "10.9.9.9",
  ],
  ["proxies on this machine alone", ["10.0.0.0/8"], { ...viaTwo, forwardedFor: "127.0.0.1, ::1" }, "unknown"],
  ["a proxy that says what is no address", ["10.0.0.0/8"], { ...viaTwo, forwardedFor: "unknown" }, "unknown"],
])("peerOfRequest() through %s", (_what, ranges, origin, address) => {
  expect(peerOfRequest(origin, trustProxies(ranges)).address).toBe(address);
});

test.each([
  ["198.51.100.9:1234", "198.51.100.9"],
  ["[2001:db8::1]:1234", "2001:db8::1"],
  ["[2001:db8::1]", "2001:db8::1"],
  ["2001:db8::1", "2001:db8::1"],
  ["203.0.113.5, 198.51.100.9:1234", "198.51.100.9"],
  ["203.0.113.5, 127.0.0.1:1234", "203.0.113.5"],
  ["127.0.0.1", "unknown"],
  ["[::1]:80", "unknown"],
  ["::ffff:127.0.0.1", "unknown"],
  ["", "unknown"],
  ["198.51.100.9:", "unknown"],
  ["198.51.100.9:123456", "unknown"],
  ["198.51.100.999", "unknown"],
  ["[198.51.100.9]x", "unknown"],
  ["198.51.100.9 1234", "unknown"],
  ["203.0.113.5, _hidden", "unknown"],
  ["203.0.113.5, localhost", "unknown"],
])("X-Forwarded-For: %s, of a proxy on this machine, is %s", (forwardedFor, address) => {
  const origin = { ...direct, remote: "127.0.0.1", forwardedFor };
  expect(peerOfRequest(origin, trustProxies([]))).toEqual({ address, security: { encrypted: false, loopback: false } });
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:0001:0002::6", "2001:db8:1:2::/64"],
  ["2001:db8::6", "2001:db8:0:0::/64"],
  ["2001:db8::", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["unknown", "unknown"],
])("limitKey(%s) is %s", (address, key) => {
  expect(limitKey(address)).toBe(key);
});
