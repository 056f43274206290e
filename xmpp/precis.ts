/**
 * PRECIS: the string classes of RFC 8264 and the profiles of RFC 8265 that XMPP addresses use.
 * Every function gives undefined for a string that its profile refuses, or that has more than 30 combining marks in a row.
 * @module
 */
import { isStreamSafe } from "./stream_safe.ts";

// RFC 8264 section 9.6: PVALID against their general category; section 8 of RFC 5892 has the same list.
const EXCEPTIONS = "\\u00DF\\u03C2\\u06FD\\u06FE\\u0F0B\\u3007";
const CONTEXTUAL = "\\u00B7\\u0375\\u05F3\\u05F4\\u30FB";
const DISALLOWED = /[\u0640\u07FA\u302E\u302F\u3031-\u3035\u303B]/u;
const OLD_HANGUL_JAMO = /[\u1100-\u11FF\uA960-\uA97C\uD7B0-\uD7C6\uD7CB-\uD7FB]/u;
const IGNORABLE = /[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u;

const IDENTIFIER = new RegExp(
  `^[\\x21-\\x7E\\p{Ll}\\p{Lu}\\p{Lo}\\p{Nd}\\p{Lm}\\p{Mn}\\p{Mc}${EXCEPTIONS}${CONTEXTUAL}]+$`,
  "u",
);
const FREEFORM = new RegExp(`^[\\x20-\\x7E\\p{L}\\p{N}\\p{M}\\p{Zs}\\p{S}\\p{P}${EXCEPTIONS}]+$`, "u");

// Letters, marks and digits of scripts that run from right to left.
const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Samaritan}\p{Script=Mandaic}\p{Script=Adlam}]/u;

/**
 * UsernameCaseMapped: RFC 8265 section 3.3. Full-width characters become narrow ones, letters become small,
 * the whole is normalised to NFC and must be of the IdentifierClass.
 */
export function usernameCaseMapped(text: string): string | undefined {
  if (!isStreamSafe(text)) return undefined;
  const mapped = text
    .replace(/[\u3000\uFF01-\uFFEF]/g, (char) => char.normalize("NFKC"))
    .toLowerCase()
    .normalize("NFC");
  if (!IDENTIFIER.test(mapped) || hasCompatibilityForm(mapped)) return undefined;
  return commonRules(mapped) && directionRule(mapped) ? mapped : undefined;
}

/** OpaqueString: RFC 8265 section 4.2. Spaces outside ASCII become U+0020; NFC; must be of the FreeformClass. */
export function opaqueString(text: string): string | undefined {
  if (!isStreamSafe(text)) return undefined;
  const mapped = text.replace(/\p{Zs}/gu, " ").normalize("NFC");
  return FREEFORM.test(mapped) && commonRules(mapped) ? mapped : undefined;
}

/** What both classes forbid: RFC 8264 sections 9.6, 9.9, 9.12, 9.13; joiners are refused whatever their context. */
function commonRules(text: string): boolean {
  return !DISALLOWED.test(text) && !OLD_HANGUL_JAMO.test(text) && !IGNORABLE.test(text) && contextRules(text);
}

/** RFC 8264 section 9.17, HasCompat. */
function hasCompatibilityForm(text: string): boolean {
  for (const char of text) if (char.normalize("NFKC") !== char) return true;
  return false;
}

/** RFC 5892 appendix A.3 to A.9. */
function contextRules(text: string): boolean {
  if (/(?<!l)\u00B7|\u00B7(?!l)/u.test(text)) return false;
  if (/\u0375(?!\p{Script=Greek})/u.test(text)) return false;
  if (/(?<!\p{Script=Hebrew})[\u05F3\u05F4]/u.test(text)) return false;
  if (text.includes("\u30FB") && !/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(text)) return false;
  return !(/[\u0660-\u0669]/.test(text) && /[\u06F0-\u06F9]/.test(text));
}

/** The Bidi Rule, RFC 5893 section 2, as far as scripts tell the direction of a character. */
function directionRule(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true;
  const [first] = text;
  if (!RIGHT_TO_LEFT.test(first!) || /[\p{Nd}\p{M}]/u.test(first!)) return false;
  if (/[0-9]/.test(text) && /[\u0660-\u0669]/.test(text)) return false;
  const letters = text.match(/\p{L}/gu) ?? [];
  return letters.every((letter) => RIGHT_TO_LEFT.test(letter)) && /[\p{L}\p{Nd}]\p{Mn}*$/u.test(text);
}
