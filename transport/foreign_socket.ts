/**
 * The sockets on Bun that are not ours: the app has upgraded them with Hono's `upgradeWebSocket`, and their events go
 * where Hono's handler would bring them. That handler itself is in `hono/bun`, which loads on Bun only.
 * @module
 */
import { createWSMessageEvent, WSContext, type WSEvents } from "hono/ws";
import type { BunWebSocket } from "./bun_types.ts";

/** What `upgradeWebSocket` puts on a socket. */
export interface HonoSocketData {
  readonly events: WSEvents;
  readonly url: InstanceType<typeof URL>;
  readonly protocol: string;
}

export function openForeign(ws: BunWebSocket): void {
  tell(ws, (events, context) => events.onOpen?.(new Event("open"), context));
}

export function messageToForeign(ws: BunWebSocket, message: string | Uint8Array<ArrayBuffer>): void {
  const data = typeof message === "string" ? message : message.buffer;
  tell(ws, (events, context) => events.onMessage?.(createWSMessageEvent(data), context));
}

export function closeForeign(ws: BunWebSocket, code: number, reason: string): void {
  tell(ws, (events, context) => events.onClose?.(new CloseEvent("close", { code, reason }), context));
}

/** A socket without Hono's data belongs to an app that does not use Hono for it: nobody listens here. */
function tell(ws: BunWebSocket, event: (events: WSEvents, context: WSContext) => unknown): void {
  const data = ws.data as HonoSocketData | undefined;
  if (data?.events === undefined) return;
  const context = contextOf(ws, data);
  const onFault = (error: unknown): void => {
    if (data.events.onError === undefined) throw error;
    data.events.onError(Object.assign(new Event("error"), { error }), context);
  };
  try {
    const result = event(data.events, context);
    if (result instanceof Promise) result.catch(onFault);
  } catch (error) {
    onFault(error);
  }
}

function contextOf(ws: BunWebSocket, { url, protocol }: HonoSocketData): WSContext {
  return new WSContext({
    raw: ws,
    url,
    protocol,
    get readyState() {
      return ws.readyState;
    },
    send: (source, options) => void ws.send(source, options.compress),
    close: (code, reason) => ws.close(code, reason),
  });
}
