/** Escaping of character data and attribute values: XML 1.0 sections 2.4 and 3.3.3. @module */

const TEXT_SPECIAL = /[&<>"'\r\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/;
const TEXT_EACH = /[&<>"'\r]|[^\t\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const ATTRIBUTE_SPECIAL = /[&<>"'\r\t\n\0-\x1f\ufffe\uffff\ud800-\udfff]/;
const ATTRIBUTE_EACH = /[&<>"'\r\t\n]|[^\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const REFERENCES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\r": "&#13;",
  "\t": "&#9;",
  "\n": "&#10;",
};

// XML has no way to write the other control characters and lone surrogates, so they become U+FFFD.
function reference(char: string): string {
  return REFERENCES[char] ?? "\ufffd";
}

/** Escapes text for element content. Returns the same string when nothing has to change. */
export function escapeXml(text: string): string {
  return TEXT_SPECIAL.test(text) ? text.replace(TEXT_EACH, reference) : text;
}

/** Escapes text for an attribute value; tabs and line ends become references, since a reader turns them into spaces. */
export function escapeAttribute(text: string): string {
  return ATTRIBUTE_SPECIAL.test(text) ? text.replace(ATTRIBUTE_EACH, reference) : text;
}
