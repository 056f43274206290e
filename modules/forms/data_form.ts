/** Data Forms: the reader of what a client submits, and the writer of fields. XEP-0004 v2.13.2. @module */
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import { attr, type Markup, xml } from "../../xmpp/xml/xml.ts";

/** Field names to their values, FORM_TYPE left out. */
export type FormValues = ReadonlyMap<string, readonly string[]>;

export type SubmittedForm =
  /** No form. */
  | { readonly kind: "none" }
  | { readonly kind: "submit"; readonly values: FormValues }
  | { readonly kind: "cancel" }
  /** The form has another FORM_TYPE or the wrong type, or a field has no name or comes twice. */
  | { readonly kind: "malformed" };

/** Reads the form inside `parent`, of that FORM_TYPE (XEP-0068). */
export function readForm(parent: Element | undefined, formType: string): SubmittedForm {
  const form = parent?.child("x", NS.DATA);
  if (form === undefined) return { kind: "none" };
  if (form.attr("type") === "cancel") return { kind: "cancel" };
  if (form.attr("type") !== "submit") return { kind: "malformed" };
  const values = new Map<string, readonly string[]>();
  for (const field of form.childrenNamed("field", NS.DATA)) {
    const name = field.attr("var");
    if (name === undefined || values.has(name)) return { kind: "malformed" };
    values.set(
      name,
      field.childrenNamed("value", NS.DATA).map((value) => value.text),
    );
  }
  if (values.get("FORM_TYPE")?.[0] !== formType) return { kind: "malformed" };
  values.delete("FORM_TYPE");
  return { kind: "submit", values };
}

export interface FormField {
  readonly name: string;
  readonly type?: string;
  readonly label?: string;
  readonly values?: readonly string[];
  readonly options?: readonly string[];
  /** XEP-0122 and the like. */
  readonly extra?: Markup;
}

export function formMarkup(type: "form" | "result" | "submit", formType: string, fields: readonly FormField[]): Markup {
  return xml`
    <x xmlns="${NS.DATA}" type="${type}">
      <field var="FORM_TYPE" type="hidden"><value>${formType}</value></field>
      ${fields.map(fieldMarkup)}
    </x>`;
}

function fieldMarkup(field: FormField): Markup {
  const values = field.values?.map((value) => xml`<value>${value}</value>`);
  const options = field.options?.map((option) => xml`<option><value>${option}</value></option>`);
  const attributes = [attr("type", field.type), attr("label", field.label)];
  return xml`<field var="${field.name}"${attributes}>${values}${options}${field.extra}</field>`;
}
