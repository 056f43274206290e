import { expect, test } from "bun:test";
import { isInner } from "../../../server/webhooks/inner_address.ts";

const INNER = [
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "127.0.0.1",
  "127.255.255.254",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "64:ff9b::a00:1",
  "fd00::1",
  "fe80::1",
  "fe80::1%eth0",
  "ff02::1",
  "2001::1",
  "2001:db8::1",
  "2002:7f00:1::1",
  "no address",
];
const OUTER = [
  "1.1.1.1",
  "9.255.255.255",
  "11.0.0.0",
  "172.15.0.1",
  "172.32.0.1",
  "192.169.0.1",
  "223.255.255.255",
  "2606:4700::1111",
  "2a00:1450::1",
];

test.each(INNER)("isInner() of %s", (address) => {
  expect(isInner(address)).toBe(true);
});

test.each(OUTER)("isInner() not of %s", (address) => {
  expect(isInner(address)).toBe(false);
});
