/** Contact Addresses for XMPP Services, as a form in the domain's disco#info. XEP-0157 v1.1.1. @module */
import { NS } from "../xmpp/ns.ts";
import { type Markup, xml } from "../xmpp/xml/xml.ts";
import type { ServerModule, ServerSettings } from "./module.ts";

const FORM_TYPE = "http://jabber.org/network/serverinfo";

/** The kinds of address that section 3 registers; the setting's key, with `-addresses` the name of the form field. */
const KINDS = ["abuse", "admin", "feedback", "sales", "security", "status", "support"] as const;

export const contactAddresses: ServerModule = {
  name: "contact_addresses",
  xeps: [{ xep: 157, title: "Contact Addresses for XMPP Services", version: "1.1.1", status: "complete" }],
  forms: (settings) => form(settings),
};

function form({ contacts }: ServerSettings): readonly Markup[] {
  const fields = KINDS.flatMap((kind) => {
    const values = contacts[kind] ?? [];
    if (values.length === 0) return [];
    return xml`
      <field var="${kind}-addresses" type="list-multi">${values.map((value) => xml`<value>${value}</value>`)}</field>`;
  });
  if (fields.length === 0) return [];
  return [
    xml`
      <x xmlns="${NS.DATA}" type="result">
        <field var="FORM_TYPE" type="hidden"><value>${FORM_TYPE}</value></field>
        ${fields}
      </x>`,
  ];
}
