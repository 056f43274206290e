/**
 * Drives @xmpp/client on Node: one JSON command a line on stdin; answers and events, one a line, on stdout.
 * Command: {"id": 1, "client": "romeo", "do": "send", ...}   Answer: {"id": 1, "result": ...} or {"id": 1, "error": "..."}
 * Event:   {"client": "romeo", "event": "message", ...}
 * @module
 */
import { createInterface } from "node:readline";
import { client, xml } from "@xmpp/client";

const RECONNECT_MS = 50;
const clients = new Map();

const put = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
/** The TLS socket under a connection; undefined where it is none. */
const tlsOf = (xmpp) => xmpp.socket?.socket?.getProtocol?.();

const actions = {
  async login(name, { service, username, password, resource }) {
    const xmpp = client({ service, domain: "localhost", username, password, resource });
    xmpp.reconnect.delay = RECONNECT_MS;
    const tell = (event, more) => put({ client: name, event, ...more });
    xmpp.on("error", (error) => tell("fault", { message: String(error) }));
    xmpp.on("stanza", (stanza) => {
      const body = stanza.is("message") ? stanza.getChildText("body") : null;
      if (body) tell("message", { from: stanza.attrs.from, body });
    });
    xmpp.streamManagement.on("resumed", () => tell("resumed"));
    clients.set(name, xmpp);
    const address = await xmpp.start();
    await xmpp.send(xml("presence"));
    return { jid: address.toString(), secure: xmpp.isSecure(), tls: tlsOf(xmpp) };
  },

  send: (name, { to, body }) => clients.get(name).send(xml("message", { to, type: "chat" }, xml("body", {}, body))),

  async ping(name) {
    const answer = await clients.get(name).iqCaller.get(xml("ping", { xmlns: "urn:xmpp:ping" }));
    return answer === undefined ? "pong" : answer.toString();
  },

  /** As a network that is gone: no end of stream. */
  async cut(name) {
    clients.get(name).socket.socket.destroy();
  },

  stop: (name) => clients.get(name).stop(),
};

createInterface({ input: process.stdin }).on("line", async (line) => {
  const { id, client: name, do: action, ...args } = JSON.parse(line);
  try {
    put({ id, result: (await actions[action](name, args)) ?? null });
  } catch (error) {
    put({ id, error: String(error) });
  }
});
