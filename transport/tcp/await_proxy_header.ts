import type { Log } from "../../xmpp/log.ts";
import { isLoopback, UNKNOWN_ADDRESS } from "../client_address.ts";
import { readProxyHeader } from "./proxy_header.ts";
import type { ClientSocket } from "./tcp_connection.ts";

/** A load balancer sends it at once. */
const HEADER_MS = 5000;

export interface ProxyHeaderWait {
  readonly log: Log;
  schedule(ms: number, task: () => void): () => void;
}

/**
 * Reads the PROXY header of a balancer's connection, leaves the connection paused, and reports the client's address:
 * `unknown` when the header has none, or has an address of this machine. A connection without the header is cut.
 */
export function awaitProxyHeader(
  socket: ClientSocket,
  { log, schedule }: ProxyHeaderWait,
  then: (address: string) => void,
): void {
  let bytes = Buffer.alloc(0);
  const cut = (error: string) => {
    leave();
    log.warn("no PROXY header", { address: socket.remoteAddress, error });
    socket.on("error", () => {});
    socket.destroy();
  };
  const onData = (chunk: Uint8Array) => {
    bytes = Buffer.concat([bytes, chunk]);
    const header = readProxyHeader(bytes);
    if (header.kind === "part") return;
    if (header.kind === "bad") return cut("another beginning");
    leave();
    socket.pause();
    const rest = bytes.subarray(header.end);
    if (rest.length > 0) socket.unshift(rest);
    then(header.address === undefined || isLoopback(header.address) ? UNKNOWN_ADDRESS : header.address);
  };
  const onEnd = () => cut("the end");
  const onError = (error: Error) => cut(error.message);
  const stop = schedule(HEADER_MS, () => cut("nothing in time"));
  const leave = () => {
    stop();
    socket.off("data", onData).off("end", onEnd).off("error", onError);
  };
  socket.on("data", onData).on("end", onEnd).on("error", onError);
}
