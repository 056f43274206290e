/**
 * The bare relay: the least that a Bun process can do to pass the chat test, the limit of the runtime. It checks nothing,
 * keeps nothing, and finds what it needs by searching text. Not a server: a yardstick.
 * @module
 */
import type { ServerWebSocket, Socket } from "bun";

interface Peer {
  user: string;
  jid: string;
  text: string;
  waiting: string;
  send(text: string): void;
}

const HOST = "127.0.0.1";
const FEATURES = '<stream:features xmlns:stream="http://etherx.jabber.org/streams"><x/></stream:features>';
const OPEN = '<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" from="localhost" id="x" version="1.0"/>';
const HEADER =
  '<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" from="localhost" id="x" version="1.0">';

const peers = new Map<string, Peer>();

function handle(peer: Peer, text: string): void {
  if (text.startsWith("<message")) {
    const to = between(text, ' to="', '"');
    peers.get(to)?.send(`<message from="${peer.jid}"${text.slice(8)}`);
  } else if (text.startsWith("<open")) {
    peer.send(OPEN);
    peer.send(FEATURES);
  } else if (text.startsWith("<auth")) {
    peer.user = atob(between(text, ">", "<")).split("\0")[1] ?? "";
    peer.send('<success xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>');
  } else if (text.startsWith("<iq")) answer(peer, text);
}

function answer(peer: Peer, text: string): void {
  const id = between(text, ' id="', '"');
  if (!text.includes("<bind")) return peer.send(`<iq xmlns="jabber:client" type="result" id="${id}"/>`);
  peer.jid = `${peer.user}@localhost/${between(text, "<resource>", "<")}`;
  peers.set(peer.jid, peer);
  const bind = `<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><jid>${peer.jid}</jid></bind>`;
  peer.send(`<iq xmlns="jabber:client" type="result" id="${id}">${bind}</iq>`);
}

function between(text: string, before: string, after: string): string {
  const start = text.indexOf(before) + before.length;
  return text.slice(start, text.indexOf(after, start));
}

function newPeer(send: (this: Peer, text: string) => void): Peer {
  return { user: "", jid: "", text: "", waiting: "", send };
}

Bun.serve<{ peer?: Peer }, never>({
  hostname: HOST,
  port: Number(process.env.AMPACT_HTTP_PORT),
  fetch(request, server) {
    const upgraded = server.upgrade(request, { data: {}, headers: { "Sec-WebSocket-Protocol": "xmpp" } });
    return upgraded ? undefined : new Response(null, { status: 400 });
  },
  websocket: {
    open(ws: ServerWebSocket<{ peer?: Peer }>) {
      ws.data.peer = newPeer((text) => void ws.send(text));
    },
    message(ws: ServerWebSocket<{ peer?: Peer }>, text) {
      handle(ws.data.peer!, text as string);
    },
  },
});

const decoder = new TextDecoder();
const dirty = new Set<Socket<Peer>>();

/** Takes all whole elements from the text of a stream. */
function readStream(peer: Peer): void {
  let at = 0;
  for (;;) {
    const { text } = peer;
    const close = text.indexOf(">", at);
    if (close === -1) break;
    const isHeader = text.startsWith("<stream:stream", at);
    if (isHeader) {
      peer.send(HEADER);
      peer.send(FEATURES);
    }
    if (isHeader || text.startsWith("<?", at) || text.startsWith("</", at) || text[close - 1] === "/") {
      if (!isHeader) handle(peer, text.slice(at, close + 1));
      at = close + 1;
      continue;
    }
    const name = /\w+/y;
    name.lastIndex = at + 1;
    const endTag = `</${name.exec(text)?.[0]}>`;
    const end = text.indexOf(endTag, close);
    if (end === -1) break;
    handle(peer, text.slice(at, end + endTag.length));
    at = end + endTag.length;
  }
  peer.text = peer.text.slice(at);
}

Bun.listen<Peer>({
  hostname: HOST,
  port: Number(process.env.AMPACT_C2S_PORT),
  socket: {
    open(socket) {
      socket.data = newPeer(function (text) {
        this.waiting += text;
        dirty.add(socket);
      });
    },
    data(socket, bytes) {
      socket.data.text += decoder.decode(bytes);
      readStream(socket.data);
      for (const each of dirty) {
        each.write(each.data.waiting);
        each.data.waiting = "";
      }
      dirty.clear();
    },
    drain() {},
  },
});
