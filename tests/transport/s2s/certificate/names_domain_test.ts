import { expect, test } from "bun:test";
import { namesDomain } from "../../../../transport/s2s/certificate/names_domain.ts";

const NONE = { dnsNames: [], srvNames: [], xmppAddresses: [] };

test.each([
  ["bank.lab", true],
  ["BANK.lab", true],
  ["bank.lab/resource", false],
  ["bank.lab#x", false],
  ["bank.lab?x.evil.lab", false],
  ["bank.lab\\x", false],
  ["bank.lab:5269", false],
  ["user@bank.lab", false],
  ["evil.lab", false],
  ["", false],
])("the XMPP address %p names bank.lab: %p", (address, names) => {
  expect(namesDomain({ ...NONE, xmppAddresses: [address] }, "bank.lab")).toBe(names);
});

test.each([
  ["bank.lab", true],
  ["*.lab", false],
  ["*", false],
  ["b*.lab", false],
  ["*.bank.lab", false],
])("the DNS name %p names bank.lab: %p", (name, names) => {
  expect(namesDomain({ ...NONE, dnsNames: [name] }, "bank.lab")).toBe(names);
});
