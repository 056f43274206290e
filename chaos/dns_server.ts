/** A DNS server of the test on this machine: addresses and SRV records of a table, and no other name. Runs on Bun and on Deno. @module */
import { createSocket, type Socket } from "node:dgram";

export interface Zone {
  /** IPv4 by name. */
  readonly hosts: Record<string, string>;
  readonly srv: Record<string, { readonly target: string; readonly port: number }>;
}

const A = 1;
const SRV = 33;
const HEAD = 12;
const NO_SUCH_NAME = 3;
/** A response of the authority; recursion was asked for and is there. */
const FLAGS = 0x8580;
const TTL_SECONDS = 5;

export class DnsServer {
  readonly zone: Zone;
  /** Questions stay without an answer. */
  isAway = false;
  readonly #socket: Socket = createSocket("udp4");

  constructor(zone: Zone = { hosts: {}, srv: {} }) {
    this.zone = zone;
  }

  /** Any free port unless given. */
  open(host = "127.0.0.1", port = 0): Promise<void> {
    this.#socket.on("message", (question, from) => {
      if (!this.isAway) this.#socket.send(answer(question, this.zone), from.port, from.address);
    });
    return new Promise((resolve) => this.#socket.bind(port, host, () => resolve()));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }
}

function answer(question: Buffer, { hosts, srv }: Zone): Buffer {
  const { name, end } = readName(question, HEAD);
  const type = question.readUInt16BE(end);
  const host = hosts[name];
  const service = srv[name];
  const records = [
    ...(type === A && host !== undefined ? [record(A, Buffer.from(host.split(".").map(Number)))] : []),
    ...(type === SRV && service !== undefined ? [record(SRV, serviceData(service.target, service.port))] : []),
  ];
  const head = Buffer.alloc(HEAD);
  question.copy(head, 0, 0, 2);
  head.writeUInt16BE(FLAGS | (host === undefined && service === undefined ? NO_SUCH_NAME : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, question.subarray(HEAD, end + 4), ...records]);
}

function readName(bytes: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = bytes[at]!; length > 0; length = bytes[at]!) {
    labels.push(bytes.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

/** Its name is that of the question, by a pointer to it. */
function record(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc000 | HEAD, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(TTL_SECONDS, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function serviceData(target: string, port: number): Buffer {
  const numbers = Buffer.alloc(6);
  numbers.writeUInt16BE(5, 2);
  numbers.writeUInt16BE(port, 4);
  const labels = target
    .split(".")
    .map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, "latin1"));
  return Buffer.concat([numbers, ...labels, Buffer.from([0])]);
}
