"""Drives a slixmpp component: one JSON command a line on stdin; answers and events, one a line, on stdout."""

import asyncio
import json
import sys

import slixmpp

TIMEOUT = 10


def put(**line):
    print(json.dumps(line), flush=True)


class Component(slixmpp.ComponentXMPP):
    def __init__(self, name, domain, secret, port):
        super().__init__(domain, secret, "127.0.0.1", port)
        self.name = name
        self.register_plugin("xep_0030")
        # The conversation answers.
        self.auto_authorize = None
        self.auto_subscribe = False
        self.started = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: self.settle(None))
        self.add_event_handler("disconnected", self.on_end)
        self.add_event_handler("stream_error", lambda error: self.settle(error["condition"]))
        self.add_filter("in", self.on_stanza)

    def settle(self, fault):
        if not self.started.done():
            self.started.set_result(fault)

    def on_stanza(self, stanza):
        if stanza.name in ("message", "presence", "iq"):
            put(client=self.name, event="stanza", text=str(stanza))
        return stanza

    def on_end(self, _):
        self.settle("disconnected")
        put(client=self.name, event="disconnected")


async def run(components, command):
    number, name, action = command["id"], command["client"], command["do"]
    try:
        if action == "connect":
            component = Component(name, command["domain"], command["secret"], command["port"])
            components[name] = component
            component.connect()
            fault = await asyncio.wait_for(component.started, TIMEOUT)
            if fault is not None:
                raise RuntimeError(fault)
        elif action == "say":
            components[name].send_raw(command["text"])
        elif action == "leave":
            components[name].disconnect()
        elif action == "break":
            components[name].abort()
        else:
            raise RuntimeError("unknown command")
        put(id=number, result=None)
    except Exception as error:
        put(id=number, error=repr(error))


async def main():
    components = {}
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running = set()
    while line := await reader.readline():
        task = asyncio.ensure_future(run(components, json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
