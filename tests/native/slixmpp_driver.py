"""Drives slixmpp clients: one JSON command a line on stdin; answers and events, one a line, on stdout.

Command: {"id": 1, "client": "romeo", "do": "send", ...}   Answer: {"id": 1, "result": ...} or {"id": 1, "error": "..."}
Event:   {"client": "romeo", "event": "message", ...}
"""

import asyncio
import json
import pathlib
import sys

import slixmpp

PLUGINS = ("xep_0030", "xep_0079", "xep_0191", "xep_0198", "xep_0199", "xep_0203", "xep_0313", "xep_0359")
TIMEOUT = 10


def put(**line):
    print(json.dumps(line), flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self, name, jid, password):
        super().__init__(jid, password)
        self.name = name
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self.started = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: self.settle(None))
        self.add_event_handler("failed_all_auth", lambda _: self.settle("no mechanism was accepted"))
        self.add_event_handler("message", self.on_message)
        self.add_event_handler("message_error", self.on_bounce)
        self.add_event_handler("presence_available", lambda p: self.tell("available", p))
        self.add_event_handler("presence_unavailable", lambda p: self.tell("unavailable", p))
        for kind in ("alert", "notify", "error"):
            self.add_event_handler("amp_" + kind, lambda m, kind=kind: self.on_amp(kind, m))

    def settle(self, fault):
        if not self.started.done():
            self.started.set_result(fault)

    def tell(self, event, stanza, **more):
        put(client=self.name, event=event, **{"from": str(stanza["from"])}, **more)

    def on_message(self, message):
        if message["body"]:
            delayed = message.get_plugin("delay", check=True) is not None
            self.tell("message", message, body=message["body"], delayed=delayed)

    def on_bounce(self, message):
        self.tell("bounce", message, condition=message["error"]["condition"], stanza_id=message["id"])

    def on_amp(self, kind, message):
        if kind == "error":
            rules = message["error"]["failed_rules"]
        else:
            rules = message["amp"]
        found = [[r["action"], r["condition"], r["value"]] for r in rules]
        self.tell("amp_" + kind, message, stanza_id=message["id"], rules=found)

    # Commands

    async def login(self, port, trusted):
        self.ca_certs = pathlib.Path(trusted)
        self.connect(("127.0.0.1", port), force_starttls=True)
        fault = await asyncio.wait_for(self.started, TIMEOUT)
        if fault is not None:
            raise RuntimeError(fault)
        self.send_presence()
        await self.get_roster()
        tls = self.transport.get_extra_info("ssl_object")
        return {"tls": tls and tls.version(), "resumable": bool(self["xep_0198"].sm_id)}

    async def subscribe(self, to):
        self.send_presence_subscription(pto=to)

    async def send_text(self, to, body, rules=()):
        message = self.make_message(mto=to, mbody=body, mtype="chat")
        message["id"] = self.new_id()
        for rule in rules:
            message["amp"].add_rule(*rule)
        message.send()
        return message["id"]

    async def archive(self, with_jid, page):
        bodies = []
        archive = self["xep_0313"].iterate(with_jid=slixmpp.JID(with_jid), rsm={"max": page})
        async for result in archive:
            bodies.append(result["mam_result"]["forwarded"]["stanza"]["body"])
        return bodies

    async def block(self, jid):
        await self["xep_0191"].block(slixmpp.JID(jid), timeout=TIMEOUT)

    async def unblock(self, jid):
        await self["xep_0191"].unblock(slixmpp.JID(jid), timeout=TIMEOUT)

    async def blocked(self):
        answer = await self["xep_0191"].get_blocked(timeout=TIMEOUT)
        return sorted(str(jid) for jid in answer["blocklist"]["items"])

    async def amp_features(self):
        info = await self["xep_0079"].discover_support(timeout=TIMEOUT)
        return sorted(info["disco_info"]["features"])

    async def ping(self):
        await self["xep_0199"].send_ping(self.boundjid.host, timeout=TIMEOUT)

    async def logout(self):
        await self.disconnect()


async def run(clients, command):
    number = command.pop("id")
    name = command.pop("client")
    action = command.pop("do")
    try:
        if action == "login":
            clients[name] = Client(name, command.pop("jid"), command.pop("password"))
        put(id=number, result=await getattr(clients[name], action)(**command))
    except Exception as error:
        put(id=number, error=repr(error))


async def main():
    clients = {}
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running = set()
    while line := await reader.readline():
        task = asyncio.ensure_future(run(clients, json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
