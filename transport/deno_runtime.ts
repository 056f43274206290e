/** HTTP and WebSocket on Deno, which gives an app no ping frames. @module */
import type { Context } from "hono";
import type { ConnectWebSocket, HttpRuntime } from "./http_runtime.ts";
import type { WebSocketConnection } from "./websocket_connection.ts";

/** The part of Deno's API that is used; its types are not at hand under Bun. */
interface DenoNamespace {
  upgradeWebSocket(
    request: Request,
    options: { readonly protocol: string },
  ): { readonly socket: WebSocket; readonly response: Response };
}

export function createDenoRuntime(): HttpRuntime {
  return { remoteAddress, keepWaiting: () => {}, upgrade, websocket: undefined };
}

/** Deno.serve gives `fetch(request, info)`. */
function remoteAddress(c: Context): string | undefined {
  const info = c.env as { readonly remoteAddr?: { readonly hostname?: string } } | undefined;
  return info?.remoteAddr?.hostname;
}

function upgrade(c: Context, connect: ConnectWebSocket): Response | undefined {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") return undefined;
  const { Deno } = globalThis as unknown as { readonly Deno: DenoNamespace };
  const { socket, response } = Deno.upgradeWebSocket(c.req.raw, { protocol: "xmpp" });
  let connection: WebSocketConnection | undefined;
  socket.onopen = () => {
    connection = connect({
      pings: false,
      get bufferedAmount() {
        return socket.bufferedAmount;
      },
      send(texts) {
        if (socket.readyState !== WebSocket.OPEN) return false;
        for (const text of texts) socket.send(text);
        return true;
      },
      close: (code) => socket.close(code),
    });
  };
  socket.onmessage = (event) => connection?.onMessage(event.data);
  socket.onclose = () => connection?.onClose();
  return response;
}
