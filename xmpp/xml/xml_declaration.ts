import { XmlError } from "./xml_error.ts";

const DECLARATION =
  /^<\?xml\s+version\s*=\s*(?:"1\.\d+"|'1\.\d+')(?:\s+encoding\s*=\s*(?:"([^"]*)"|'([^']*)'))?(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>/;

/**
 * Where the XML declaration at the very start of the text ends; 0 when there is none.
 * @throws XmlError unsupported-encoding: RFC 6120 section 11.6 allows UTF-8 only; not-well-formed
 */
export function declarationEnd(text: string): number {
  if (!/^<\?xml\s/.test(text)) return 0;
  const match = DECLARATION.exec(text);
  if (match === null) throw new XmlError("not-well-formed", "a bad XML declaration");
  const encoding = match[1] ?? match[2] ?? "utf-8";
  if (encoding.toLowerCase() !== "utf-8") throw new XmlError("unsupported-encoding", `encoding ${encoding}`);
  return match[0].length;
}
