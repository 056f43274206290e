"""Reads stanzas, a JSON list of texts on standard input, with slixmpp's classes for XEP-0079; writes what it found as JSON."""

import json
import sys
from xml.etree import ElementTree

from slixmpp.plugins.xep_0079 import stanza
from slixmpp.stanza import Error, Message, StreamFeatures
from slixmpp.xmlstream import register_stanza_plugin

# As XEP_0079.plugin_init() has it.
register_stanza_plugin(Message, stanza.AMP)
register_stanza_plugin(Error, stanza.InvalidRules)
register_stanza_plugin(Error, stanza.UnsupportedConditions)
register_stanza_plugin(Error, stanza.UnsupportedActions)
register_stanza_plugin(Error, stanza.FailedRules)
register_stanza_plugin(StreamFeatures, stanza.AMPFeature)

FAULTS = ["invalid_rules", "unsupported_conditions", "unsupported_actions", "failed_rules"]


def rules_of(element):
    return [{key: rule[key] for key in ("action", "condition", "value")} for rule in element]


def read(text):
    root = ElementTree.fromstring(text)
    if root.tag.endswith("}features"):
        return {"feature": StreamFeatures(xml=root).xml.find(stanza.AMPFeature.tag_name()) is not None}
    message = Message(xml=root)
    amp = message.get_plugin("amp", check=True)
    found = {
        "id": message["id"],
        "type": message["type"],
        "from": str(message["from"]),
        "to": str(message["to"]),
    }
    if amp is not None:
        # slixmpp's get_to() returns the attribute 'from'.
        addresses = {"from": str(amp["from"]), "to": amp.xml.get("to")} if amp.xml.get("from") else {}
        found["amp"] = {"status": amp["status"], "perHop": amp["per_hop"], "rules": rules_of(amp), **addresses}
    if message["type"] == "error":
        error = message["error"]
        found["error"] = {"condition": error["condition"], "type": error["type"], "code": error["code"]}
        for fault in FAULTS:
            plugin = error.get_plugin(fault, check=True)
            if plugin is not None:
                found["error"][fault] = rules_of(plugin)
    return found


json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
