/** Valid stanzas of many kinds, where mutation starts. @module */
const iq = (type: string, inner: string) => `<iq xmlns='jabber:client' type='${type}' id='i1'>${inner}</iq>`;
const message = (inner: string) =>
  `<message xmlns='jabber:client' to='romeo@localhost' type='chat' id='m1'>${inner}</message>`;
const rule = (condition: string, value: string) => `<rule condition='${condition}' action='notify' value='${value}'/>`;
const form = (type: string) =>
  `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>${type}</value></field><field var='with'><value>juliet@localhost</value></field></x>`;

export const STANZAS: readonly string[] = [
  message("<body>Art thou not &lt;Romeo&gt;</body>"),
  message("<body><![CDATA[a<b]]>&#x1F600;</body><p:x xmlns:p='urn:p' p:y='1'><p:z/></p:x>"),
  message(
    `<body>a</body><amp xmlns='http://jabber.org/protocol/amp'>${rule("deliver", "stored")}${rule("match-resource", "any")}</amp>`,
  ),
  message(
    `<amp xmlns='http://jabber.org/protocol/amp'>${rule("expire-at", "2026-12-01T00:00:00Z")}</amp><body>b</body>`,
  ),
  message("<received xmlns='urn:xmpp:receipts' id='m0'/><store xmlns='urn:xmpp:hints'/>"),
  "<presence xmlns='jabber:client'><show>away</show><priority>5</priority></presence>",
  "<presence xmlns='jabber:client' type='subscribe' to='romeo@localhost'/>",
  "<presence xmlns='jabber:client' type='unavailable'/>",
  iq("get", "<query xmlns='jabber:iq:roster'/>"),
  iq("set", "<query xmlns='jabber:iq:roster'><item jid='romeo@localhost' name='R'><group>a</group></item></query>"),
  iq(
    "set",
    `<query xmlns='urn:xmpp:mam:2' queryid='q'>${form("urn:xmpp:mam:2")}<set xmlns='http://jabber.org/protocol/rsm'><max>5</max><before/></set></query>`,
  ),
  iq(
    "set",
    "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:n'><item id='a'><x xmlns='urn:x'>b</x></item></publish></pubsub>",
  ),
  iq("get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:n' max_items='1'/></pubsub>"),
  iq("set", "<vCard xmlns='vcard-temp'><FN>J</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>AAAA</BINVAL></PHOTO></vCard>"),
  iq("get", "<vCard xmlns='vcard-temp'/>"),
  iq("set", "<command xmlns='http://jabber.org/protocol/commands' node='a' action='execute'/>"),
  iq("set", "<block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></block>"),
  iq("get", "<query xmlns='http://jabber.org/protocol/disco#info' node='n'/>"),
  iq("set", "<query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query>"),
  iq("set", "<enable xmlns='urn:xmpp:carbons:2'/>"),
  iq("get", "<ping xmlns='urn:xmpp:ping'/>"),
  "<enable xmlns='urn:xmpp:sm:3' resume='true'/>",
  "<r xmlns='urn:xmpp:sm:3'/>",
  "<a xmlns='urn:xmpp:sm:3' h='1'/>",
  "<resume xmlns='urn:xmpp:sm:3' h='0' previd='x'/>",
  "<inactive xmlns='urn:xmpp:csi:0'/>",
  "<active xmlns='urn:xmpp:csi:0'/>",
];
