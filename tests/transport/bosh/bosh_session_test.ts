import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { StreamError } from "../../../xmpp/errors.ts";
import { BoshPeer, turn } from "./bosh_peer.ts";

const EMPTY = "<body/>";
const terminal = (condition: string) => `<body type="terminate" condition="${condition}"/>`;
const MESSAGE = '<message xmlns="jabber:client" id="1"/>';

describe("BoshSession: creation (XEP-0124 section 7, XEP-0206 section 4)", () => {
  test("answers at once, with what was granted and the features", () => {
    const { created } = new BoshPeer('wait="59" hold="1" ver="1.6"');
    expect(created.response).toBe(
      '<body sid="SID" wait="59" requests="2" hold="1" inactivity="30" polling="5" maxpause="120" ' +
        'accept="gzip,deflate" charsets="UTF-8" from="localhost" ver="1.6" xmlns:xmpp="urn:xmpp:xbosh" ' +
        'xmpp:version="1.0" xmpp:restartlogic="true" authid="stream-id"><stream:features/></body>',
    );
  });

  test.each([
    ['wait="600"', 'wait="60"'],
    ['wait="0"', 'wait="0"'],
    ["", 'wait="60"'],
    ["", 'hold="1"'],
    ['hold="5"', 'hold="1"'],
    ['hold="0"', 'hold="0"'],
    ['ver="1.10"', 'ver="1.10"'],
    ['ver="1.42"', 'ver="1.11"'],
    ['ver="2.0"', 'ver="1.11"'],
    ['ack="1"', 'ack="100"'],
    ['hold="0"', 'inactivity="40"'],
    ['wait="0"', 'inactivity="40"'],
  ])("grants %s as %s", (asked, granted) => {
    expect(new BoshPeer(asked).created.response).toContain(` ${granted}`);
  });

  test("allows one request more than it holds, at least", () => {
    expect(new BoshPeer('hold="3"', { holdMax: 3 }).created.response).toContain('requests="4" hold="3"');
    expect(new BoshPeer('hold="1"', { requests: 5 }).created.response).toContain('requests="5" hold="1"');
  });

  test("leaves out ver for a legacy client, and ack unless asked for", () => {
    const { response } = new BoshPeer("").created;
    expect(response).not.toContain("ver=");
    expect(response).not.toContain(" ack=");
  });

  test.each([['wait="x"'], ['hold="-1"'], ['ver="1"'], ['ver="0.9"']])("%s is a bad request", (attributes) => {
    expect(() => new BoshPeer(attributes)).toThrow("bad-request");
  });

  test.each([
    ["text/html", "text/html"],
    ["text/xml; charset=utf-8", "text/xml; charset=utf-8"],
    ["text/xml\nx: y", "text/xml; charset=utf-8"],
    ["nonsense", "text/xml; charset=utf-8"],
  ])("takes content %j as %j", (content, expected) => {
    expect(new BoshPeer(`content="${content.replace("\n", "&#10;")}"`).session.parameters.content).toBe(expected);
  });
});

describe("BoshSession: waiting (XEP-0124 section 8)", () => {
  test("holds a request until there is something to send", async () => {
    const peer = new BoshPeer();
    const request = peer.send();
    await turn();
    expect(request.response).toBeUndefined();
    peer.session.send(MESSAGE);
    peer.session.send("<presence/>");
    await turn();
    expect(request.response).toBe(`<body>${MESSAGE}<presence/></body>`);
    expect(peer.session.backlog).toBe(0);
  });

  test("answers with nothing when the time is over", () => {
    const peer = new BoshPeer('wait="20" hold="1" ver="1.6"');
    const request = peer.send();
    peer.clock.advance(19_999);
    expect(request.response).toBeUndefined();
    peer.clock.advance(1);
    expect(request.response).toBe(EMPTY);
  });

  test("keeps what there is nobody to send to", async () => {
    const peer = new BoshPeer();
    peer.session.send(MESSAGE);
    await turn();
    expect(peer.session.backlog).toBe(MESSAGE.length);
    expect(peer.send().response).toBe(`<body>${MESSAGE}</body>`);
  });

  test("releases the oldest request when there are more than it holds", () => {
    const peer = new BoshPeer();
    const first = peer.send();
    const second = peer.send("", MESSAGE);
    expect(first.response).toBe(EMPTY);
    expect(second.response).toBeUndefined();
    expect(peer.take()).toEqual(["open localhost 1.0", MESSAGE]);
  });

  test("answers a payload on the oldest request", () => {
    const peer = new BoshPeer();
    peer.onPayload = () => peer.session.send("<answer/>");
    const first = peer.send();
    const second = peer.send("", MESSAGE);
    expect(first.response).toBe("<body><answer/></body>");
    expect(second.response).toBeUndefined();
  });

  test("holds as many as it has granted", async () => {
    const peer = new BoshPeer('hold="2"', { holdMax: 2 });
    const [first, second] = [peer.send("", MESSAGE), peer.send("", MESSAGE)];
    await turn();
    expect([first.response, second.response]).toEqual([undefined, undefined]);
    peer.session.send("<one/>");
    await turn();
    expect([first.response, second.response]).toEqual(["<body><one/></body>", undefined]);
  });

  test.each([['hold="0"'], ['wait="0"']])("answers a polling client at once: %s", (attributes) => {
    const peer = new BoshPeer(attributes);
    expect(peer.send().response).toBe(EMPTY);
  });

  test("reports a payload that breaks a limit to the stream", () => {
    const peer = new BoshPeer();
    peer.take();
    peer.send("", `<presence/><presence>${"<a>".repeat(32)}${"</a>".repeat(32)}</presence><presence/>`);
    expect(peer.take()).toEqual(["<presence/>", "fail policy-violation"]);
  });
});

describe("BoshSession: request ids (XEP-0124 section 14)", () => {
  test("handles requests in the order of their rids, and answers them so", () => {
    const peer = new BoshPeer();
    peer.take();
    const second = peer.sendAs(102, "", '<message id="2"/>');
    expect(peer.take()).toEqual([]);
    const first = peer.sendAs(101, "", '<message id="1"/>');
    expect(peer.take()).toEqual(['<message id="1"/>', '<message id="2"/>']);
    expect(first.response).toBe(EMPTY);
    expect(second.response).toBeUndefined();
  });

  test.each([[103], [1_000_000]])("rid %i is beyond the window", (rid) => {
    const peer = new BoshPeer();
    const request = peer.sendAs(rid);
    expect(request.response).toBe(terminal("item-not-found"));
    expect(request.condition).toBe("item-not-found");
    expect(peer.take()).toContain("lost");
    expect(peer.ended).toBe(1);
    expect(peer.clock.waiting).toBe(0);
  });

  test.each([[99], [1]])("rid %i is before all that is kept", (rid) => {
    const peer = new BoshPeer();
    expect(peer.sendAs(rid).response).toBe(terminal("item-not-found"));
    expect(peer.ended).toBe(1);
  });

  test("the others learn that it was not their fault", () => {
    const peer = new BoshPeer();
    const held = peer.send();
    peer.sendAs(1000);
    expect(held.response).toBe(terminal("other-request"));
  });

  test("gives a response again", async () => {
    const peer = new BoshPeer();
    const first = peer.send();
    peer.session.send(MESSAGE);
    await turn();
    peer.take();
    expect(peer.sendAs(101, "", "<message/>").response).toBe(first.response!);
    expect(peer.take()).toEqual([]);
    expect(peer.sendAs(100).response).toBe(peer.created.response!);
  });

  test("keeps as many responses as there may be requests", async () => {
    const peer = new BoshPeer();
    for (let i = 0; i < 3; i++) {
      peer.send();
      peer.session.send(MESSAGE);
      await turn();
    }
    expect(peer.sendAs(103).response).toBe(`<body>${MESSAGE}</body>`);
    expect(peer.sendAs(102).response).toBe(`<body>${MESSAGE}</body>`);
    expect(peer.sendAs(101).response).toBe(terminal("item-not-found"));
  });

  test("does not give a response again for ever", async () => {
    const peer = new BoshPeer();
    peer.send();
    peer.session.send(MESSAGE);
    await turn();
    for (let i = 0; i < 10; i++) expect(peer.sendAs(101).response).toBe(`<body>${MESSAGE}</body>`);
    expect(peer.sendAs(101).response).toBe(terminal("policy-violation"));
  });

  test("a repeated request takes the place of the one that is held", async () => {
    const peer = new BoshPeer();
    const lost = peer.send("", MESSAGE);
    peer.take();
    const again = peer.sendAs(101, "", MESSAGE);
    expect(lost.response).toBe('<body type="error"/>');
    expect(again.response).toBeUndefined();
    expect(peer.take()).toEqual([]);
    peer.session.send("<answer/>");
    await turn();
    expect(again.response).toBe("<body><answer/></body>");
  });

  test("a repeated early request takes the place of the first", () => {
    const peer = new BoshPeer();
    const lost = peer.sendAs(102, "", MESSAGE);
    const again = peer.sendAs(102, "", MESSAGE);
    expect(lost.response).toBe('<body type="error"/>');
    peer.sendAs(101);
    peer.clock.advance(60_000);
    expect(again.response).toBe(EMPTY);
  });
});

describe("BoshSession: a broken HTTP connection", () => {
  test("gets nothing that would be lost; the next request does", async () => {
    const peer = new BoshPeer();
    const broken = peer.send();
    broken.abandon();
    peer.session.send(MESSAGE);
    await turn();
    expect(peer.session.backlog).toBeGreaterThan(0);
    expect(peer.send().response).toBe(`<body>${MESSAGE}</body>`);
    expect(broken.response).toBeUndefined();
  });

  test("does not hold up a later request", async () => {
    const peer = new BoshPeer('hold="2"', { holdMax: 2 });
    const broken = peer.send("", MESSAGE);
    const later = peer.send("", MESSAGE);
    broken.abandon();
    peer.session.send("<answer/>");
    await turn();
    expect(later.response).toBe("<body><answer/></body>");
    expect(peer.sendAs(broken.rid).response).toBe(EMPTY);
  });

  test("is mended by the same request", async () => {
    const peer = new BoshPeer();
    peer.send().abandon();
    peer.session.send(MESSAGE);
    await turn();
    expect(peer.sendAs(101).response).toBe(`<body>${MESSAGE}</body>`);
  });

  test("counts as inactivity", () => {
    const peer = new BoshPeer();
    peer.send().abandon();
    peer.clock.advance(29_999);
    expect(peer.ended).toBe(0);
    peer.clock.advance(1);
    expect(peer.ended).toBe(1);
  });

  test("does not make a page that is loaded again too eager", () => {
    const peer = new BoshPeer();
    peer.send().abandon();
    expect(peer.send().response).toBeUndefined();
    expect(peer.ended).toBe(0);
  });
});

describe("BoshSession: inactivity and pause (XEP-0124 section 10)", () => {
  test("ends a session without requests, in silence", () => {
    const peer = new BoshPeer();
    peer.clock.advance(29_999);
    expect(peer.ended).toBe(0);
    peer.clock.advance(1);
    expect(peer.ended).toBe(1);
    expect(peer.take()).toEqual(["open localhost 1.0", "lost"]);
    expect(peer.send().response).toBe(terminal("item-not-found"));
    expect(peer.clock.waiting).toBe(0);
  });

  test("does not end one that has a request held", () => {
    const peer = new BoshPeer();
    peer.send();
    peer.clock.advance(59_999);
    expect(peer.ended).toBe(0);
    peer.clock.advance(1 + 29_999);
    expect(peer.ended).toBe(0);
    peer.clock.advance(1);
    expect(peer.ended).toBe(1);
  });

  test("a pause answers all that is held, and lasts until the next request", async () => {
    const peer = new BoshPeer();
    const held = peer.send();
    const pause = peer.send('pause="100"');
    expect([held.response, pause.response]).toEqual([EMPTY, EMPTY]);
    peer.session.send(MESSAGE);
    await turn();
    peer.clock.advance(99_999);
    expect(peer.ended).toBe(0);
    expect(peer.send().response).toBe(`<body>${MESSAGE}</body>`);
    peer.clock.advance(30_000);
    expect(peer.ended).toBe(1);
  });

  test("the response to a pause carries nothing, and is not kept", async () => {
    const peer = new BoshPeer();
    peer.session.send(MESSAGE);
    const pause = peer.send('pause="60"');
    await turn();
    expect(pause.response).toBe(EMPTY);
    expect(peer.sendAs(pause.rid, 'pause="60"').response).toBe(terminal("item-not-found"));
  });

  test("a pause may be shorter than the inactivity period", () => {
    const peer = new BoshPeer();
    peer.send('pause="5"');
    peer.clock.advance(5000);
    expect(peer.ended).toBe(1);
  });

  test("a pause longer than is granted is none", () => {
    const peer = new BoshPeer();
    const request = peer.send('pause="121"');
    expect(request.response).toBeUndefined();
  });
});

describe("BoshSession: overactivity (XEP-0124 sections 11 and 12)", () => {
  test("a poll beside another within the interval is too much", () => {
    const peer = new BoshPeer();
    const first = peer.send();
    peer.clock.advance(4999);
    const second = peer.send();
    expect(second.response).toBe(terminal("policy-violation"));
    expect(first.response).toBe(terminal("other-request"));
  });

  test("later, or with a payload, it is not", () => {
    const peer = new BoshPeer();
    peer.send();
    peer.clock.advance(5000);
    expect(peer.send().response).toBeUndefined();
    expect(peer.send("", MESSAGE).response).toBeUndefined();
    expect(peer.ended).toBe(0);
  });

  test("pause and terminate may come in addition", () => {
    const peer = new BoshPeer();
    peer.send();
    expect(peer.send('pause="10"').response).toBe(EMPTY);
    const second = new BoshPeer();
    second.send();
    second.send('type="terminate"');
    expect(second.take()).toContain("finish");
  });

  test("a polling client may not poll again too soon, when there was nothing", () => {
    const peer = new BoshPeer('hold="0"');
    expect(peer.send().response).toBe(EMPTY);
    peer.clock.advance(4999);
    expect(peer.send().response).toBe(terminal("policy-violation"));
  });

  test.each([
    ["after the interval", 5000, ""],
    ["with a payload", 0, MESSAGE],
  ])("a polling client may come %s", (_when, ms, payload) => {
    const peer = new BoshPeer('hold="0"');
    peer.send();
    peer.clock.advance(ms);
    expect(peer.send("", payload).response).toBe(EMPTY);
  });

  test("a polling client may come again at once, when there was something", () => {
    const peer = new BoshPeer('hold="0"');
    peer.session.send(MESSAGE);
    expect(peer.send().response).toBe(`<body>${MESSAGE}</body>`);
    expect(peer.send().response).toBe(EMPTY);
  });

  test("more requests at once than allowed are too many", () => {
    const peer = new BoshPeer();
    peer.sendAs(102, "", MESSAGE);
    expect(peer.sendAs(103, "", MESSAGE).response).toBe(terminal("item-not-found"));
  });
});

describe("BoshSession: restart (XEP-0206 section 5)", () => {
  test("opens a new stream, and lets no payload through", () => {
    const peer = new BoshPeer();
    peer.take();
    const request = peer.send('xmpp:restart="true" to="localhost"', MESSAGE);
    expect(peer.take()).toEqual(["open localhost 1.0"]);
    expect(request.response).toBe("<body><stream:features/></body>");
  });

  test("goes to the same domain where it names none", () => {
    const peer = new BoshPeer();
    peer.take();
    peer.send('xmpp:restart="1"');
    expect(peer.take()).toEqual(["open localhost 1.0"]);
  });
});

describe("BoshSession: the end (XEP-0124 section 13)", () => {
  test("terminate delivers its payloads first", () => {
    const peer = new BoshPeer();
    peer.take();
    const request = peer.send('type="terminate"', '<presence type="unavailable"/>');
    expect(peer.take()).toEqual(['<presence type="unavailable"/>', "finish", "lost"]);
    expect(request.response).toBe('<body type="terminate"/>');
    expect(peer.ended).toBe(1);
    expect(peer.clock.waiting).toBe(0);
  });

  test("is told on the oldest connection, with what was still to be sent; the others get nothing", () => {
    const peer = new BoshPeer();
    peer.onPayload = () => peer.session.send(MESSAGE);
    const held = peer.send();
    const terminate = peer.send('type="terminate"', "<presence/>");
    expect(held.response).toBe(`<body type="terminate">${MESSAGE}</body>`);
    expect(terminate.response).toBe(EMPTY);
  });

  test("a stream error is inside, after what was still to be sent", async () => {
    const peer = new BoshPeer();
    const held = peer.send();
    peer.session.send(MESSAGE);
    peer.session.close(new StreamError("conflict"));
    await turn();
    expect(held.response).toBe(
      `<body type="terminate" condition="remote-stream-error">${MESSAGE}<stream:error xmlns:stream="http://etherx.jabber.org/streams">` +
        '<conflict xmlns="urn:ietf:params:xml:ns:xmpp-streams"/></stream:error></body>'.replace(
          ' xmlns:stream="http://etherx.jabber.org/streams"',
          "",
        ),
    );
    expect(held.condition).toBe("remote-stream-error");
    expect(peer.take().filter((what) => what === "lost")).toHaveLength(1);
  });

  test("waits for a request where none is there", () => {
    const peer = new BoshPeer();
    peer.session.close(new StreamError("system-shutdown"));
    expect(peer.ended).toBe(0);
    expect(peer.send().response).toContain("<system-shutdown ");
    expect(peer.ended).toBe(1);
    expect(peer.send().response).toBe(terminal("item-not-found"));
    expect(peer.clock.waiting).toBe(0);
  });

  test("does not wait for ever", () => {
    const peer = new BoshPeer();
    peer.session.close();
    peer.clock.advance(30_000);
    expect(peer.ended).toBe(1);
  });

  test("does not wait when the server goes too", () => {
    const peer = new BoshPeer();
    peer.staysUp = false;
    peer.session.close(new StreamError("system-shutdown"));
    expect(peer.ended).toBe(1);
    expect(peer.clock.waiting).toBe(0);
  });

  test("sends nothing any more", async () => {
    const peer = new BoshPeer();
    const held = peer.send();
    peer.session.close();
    peer.session.send(MESSAGE);
    await turn();
    expect(held.response).toBe('<body type="terminate"/>');
    expect(peer.session.probe(1)).toBe(false);
  });
});

describe("BoshSession: acknowledgements (XEP-0124 section 9)", () => {
  test("acknowledges a later request than the one it answers", () => {
    const peer = new BoshPeer('ack="1" ver="1.6"');
    const first = peer.send();
    const second = peer.send("", MESSAGE);
    expect(first.response).toBe('<body ack="102"/>');
    peer.clock.advance(60_000);
    expect(second.response).toBe(EMPTY);
  });

  test("keeps responses until they are acknowledged", async () => {
    const peer = new BoshPeer('ack="1" ver="1.6"');
    for (let i = 0; i < 5; i++) {
      peer.send('ack="100"');
      peer.session.send(`<m${i}/>`);
      await turn();
    }
    expect(peer.sendAs(101).response).toContain("<m0/>");
  });

  test("reports a response that seems to be missing", async () => {
    const peer = new BoshPeer('ack="1" ver="1.6"');
    peer.send();
    peer.session.send(MESSAGE);
    await turn();
    peer.clock.advance(1500);
    expect(peer.send('ack="100"').response).toBe('<body report="101" time="1500"/>');
    expect(peer.ended).toBe(0);
  });
});

describe("BoshSession: key sequence (XEP-0124 section 15)", () => {
  const sha1 = (text: string) => createHash("sha1").update(text).digest("hex");
  const k1 = sha1("seed");
  const k2 = sha1(k1);
  const k3 = sha1(k2);

  test("accepts the keys in their order, in any case", () => {
    const peer = new BoshPeer(`newkey="${k3.toUpperCase()}"`);
    expect(peer.send(`key="${k2}"`).response).toBeUndefined();
    peer.clock.advance(5000);
    expect(peer.send(`key="${k1}"`, MESSAGE).response).toBeUndefined();
    expect(peer.ended).toBe(0);
  });

  test("accepts a new sequence", () => {
    const peer = new BoshPeer(`newkey="${k2}"`);
    peer.send(`key="${k1}" newkey="${k3}"`, MESSAGE);
    peer.send(`key="${k2}"`, MESSAGE);
    expect(peer.ended).toBe(0);
  });

  test.each([
    ["no key", ""],
    ["a wrong key", `key="${k1}"`],
  ])("ends the session over %s", (_what, attributes) => {
    const peer = new BoshPeer(`newkey="${k3}"`);
    peer.take();
    expect(peer.send(attributes, MESSAGE).response).toBe(terminal("item-not-found"));
    expect(peer.take()).toEqual(["lost"]);
  });
});

describe("BoshSession.probe()", () => {
  test("is proved by the next poll", async () => {
    const peer = new BoshPeer();
    peer.send();
    peer.take();
    peer.session.send(MESSAGE);
    expect(peer.session.probe(7)).toBe(true);
    await turn();
    expect(peer.take()).toEqual([]);
    peer.send();
    expect(peer.take()).toEqual(["proof 7"]);
  });

  test("is not proved by the request that fetches the message", async () => {
    const peer = new BoshPeer();
    peer.session.send(MESSAGE);
    peer.session.probe(7);
    await turn();
    expect(peer.send().response).toContain(MESSAGE);
    await turn();
    expect(peer.take()).not.toContain("proof 7");
    peer.send();
    expect(peer.take()).toContain("proof 7");
  });

  test("is not proved by a request that was under way already", async () => {
    const peer = new BoshPeer();
    peer.send();
    peer.session.send(MESSAGE);
    peer.session.probe(7);
    await turn();
    peer.send("", "<message/>");
    await turn();
    expect(peer.take()).not.toContain("proof 7");
  });

  test("answers the held request early, for the sake of the next", async () => {
    const peer = new BoshPeer();
    peer.send();
    peer.session.send(MESSAGE);
    peer.session.probe(7);
    await turn();
    const data = peer.send("", "<message/>");
    expect(data.response).toBe(EMPTY);
    peer.send();
    expect(peer.take()).toContain("proof 7");
    expect(peer.ended).toBe(0);
  });

  test("is not proved by a repeated request", async () => {
    const peer = new BoshPeer();
    peer.send();
    peer.session.send(MESSAGE);
    peer.session.probe(7);
    await turn();
    peer.sendAs(101);
    await turn();
    expect(peer.take()).not.toContain("proof 7");
  });

  test("is proved at once where nothing is outstanding", async () => {
    const peer = new BoshPeer();
    peer.send();
    peer.session.probe(7);
    await turn();
    expect(peer.take()).toContain("proof 7");
  });

  test("is proved by an ack, and by none other of a client that acknowledges", async () => {
    const peer = new BoshPeer('ack="1" ver="1.6"');
    peer.send();
    peer.session.send(MESSAGE);
    peer.session.probe(7);
    await turn();
    peer.send('ack="100"', "<message/>");
    await turn();
    expect(peer.take()).not.toContain("proof 7");
    peer.send('ack="101"', "<message/>");
    expect(peer.take()).toContain("proof 7");
  });

  test("waits for what was sent before it only", async () => {
    const peer = new BoshPeer();
    peer.send();
    peer.session.send(MESSAGE);
    peer.session.probe(7);
    await turn();
    peer.take();
    peer.session.send("<later/>");
    const request = peer.send();
    expect(peer.take()).toEqual(["proof 7"]);
    expect(request.response).toBe("<body><later/></body>");
  });
});
