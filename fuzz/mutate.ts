/**
 * Random edits of a text: parts cut, doubled, moved and replaced, with characters that are special to parsers. @module
 */
import type { Random } from "../chaos/random.ts";

const SPICE = [
  ..."<>&'\"/=: \t\r\n\0;]-,",
  ..."\u0085\u2028\ufffe\ud800é漢",
  "😀",
  "]]>",
  "<!--",
  "<![CDATA[",
  "<?a?>",
  "<!DOCTYPE a>",
  "&#0;",
  "&#xD;",
  "&lt;",
  "&a;",
  " xmlns=''",
  " xmlns:p='urn:p '",
  "<p:a/>",
  " id='1'",
  "-1",
  "99999999999999999999",
  "__proto__",
  "constructor",
  "a".repeat(300),
];

export function mutate(random: Random, text: string, most = 3): string {
  let result = text;
  for (let left = random.between(0, most); left > 0; left--) result = edit(random, result);
  return result;
}

function edit(random: Random, text: string): string {
  const at = random.between(0, text.length);
  const end = Math.min(text.length, at + random.between(0, 12));
  const to = random.between(0, text.length);
  const part = text.slice(at, end);
  switch (random.between(0, 3)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, to) + part + text.slice(to);
    case 2:
      return text.slice(0, at) + random.pick(SPICE) + text.slice(end);
    default:
      return text.slice(0, at) + random.pick(SPICE) + text.slice(at);
  }
}
