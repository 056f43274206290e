/**
 * The header with the client's address that a load balancer sends first. PROXY protocol, versions 1 and 2
 * (haproxy.org/download/3.0/doc/proxy-protocol.txt).
 * @module
 */
import { isIPv4, isIPv6 } from "node:net";

export type ProxyHeader =
  /** So far it may become one. */
  | { readonly kind: "part" }
  /**
   * `address`: undefined when the balancer itself is the client, or does not know it. `end`: where the client's bytes
   * begin.
   */
  | { readonly kind: "whole"; readonly address: string | undefined; readonly end: number }
  | { readonly kind: "bad" };

const PART: ProxyHeader = { kind: "part" };
const BAD: ProxyHeader = { kind: "bad" };

/** Section 2.1: with CR and LF. */
const MAX_LINE = 107;
const LINE_START = Buffer.from("PROXY ");
const LINE =
  /^PROXY (?:UNKNOWN(?: [^\r\n]*)?|(TCP4|TCP6) ([\da-fA-F.:]+) ([\da-fA-F.:]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4}))$/;
const MAX_PORT = 65_535;

/** Section 2.2. */
const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const FIXED_BYTES = 16;
/** Most bytes of addresses and TLVs; the TLVs are not read. */
const MAX_REST = 4096;
const [LOCAL, PROXY] = [0x20, 0x21];
/** By family and protocol: the bytes of one address; both, and two ports, follow. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 17: 4, 33: 16 };
/** The prefix of an IPv4-mapped IPv6 address. */
const MAPPED = Buffer.from("00000000000000000000ffff", "hex");
const PORTS_BYTES = 4;

/** Reads the header that a connection begins with. */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (startsAlike(text, LINE_START)) return text.length < LINE_START.length ? PART : readLine(text);
  if (startsAlike(text, SIGNATURE)) return text.length < FIXED_BYTES ? PART : readBinary(text);
  return BAD;
}

/** As far as both go. */
function startsAlike(text: Buffer, start: Buffer): boolean {
  const length = Math.min(text.length, start.length);
  return text.subarray(0, length).equals(start.subarray(0, length));
}

function readLine(text: Buffer): ProxyHeader {
  const line = text.subarray(0, MAX_LINE).toString("latin1");
  const end = line.indexOf("\r\n");
  if (end < 0) return text.length < MAX_LINE ? PART : BAD;
  const match = LINE.exec(line.slice(0, end));
  if (match === null) return BAD;
  const [, family, source = "", target = "", ...ports] = match;
  if (family === undefined) return { kind: "whole", address: undefined, end: end + 2 };
  const isAddress = family === "TCP4" ? isIPv4 : isIPv6;
  const isRight = isAddress(source) && isAddress(target) && ports.every((port) => Number(port) <= MAX_PORT);
  return isRight ? { kind: "whole", address: source, end: end + 2 } : BAD;
}

function readBinary(text: Buffer): ProxyHeader {
  const command = text[12]!;
  const rest = text.readUInt16BE(14);
  if ((command !== LOCAL && command !== PROXY) || rest > MAX_REST) return BAD;
  const end = FIXED_BYTES + rest;
  const size = ADDRESS_BYTES[text[13]!];
  // Section 2.2: the addresses of LOCAL, and of an unknown family, are skipped.
  const isTold = command === PROXY && size !== undefined;
  if (isTold && rest < 2 * size + PORTS_BYTES) return BAD;
  if (text.length < end) return PART;
  const source = text.subarray(FIXED_BYTES, FIXED_BYTES + (size ?? 0));
  return { kind: "whole", address: isTold ? writeAddress(source) : undefined, end };
}

function writeAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.subarray(0, 12).equals(MAPPED)) return bytes.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
