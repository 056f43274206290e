/** Which addresses belong to the network that the server is in: this machine, private networks, links, and what nobody routes. @module */
import { BlockList, isIP } from "node:net";

/** The special ranges of RFC 6890 and the multicast ones. */
const INNER_4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];
/** RFC 4291 section 2.4: what is routed in public lies in here. */
const OUTER_6 = ["2000::/3"];
/** Protocols, documentation, and 6to4, which holds an IPv4 address. */
const INNER_6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const inner4 = ranges(INNER_4, "ipv4");
const outer6 = ranges(OUTER_6, "ipv6");
const inner6 = ranges(INNER_6, "ipv6");

/** True too of text that is no address. */
export function isInner(text: string): boolean {
  const address = text.replace(/%.*$/, "");
  const family = isIP(address);
  if (family === 4) return inner4.check(address, "ipv4");
  return family === 0 || !outer6.check(address, "ipv6") || inner6.check(address, "ipv6");
}

function ranges(networks: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}
