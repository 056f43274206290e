/**
 * Account names that clients may register: none that seems to speak for the server, and none that looks like another
 * name. @module
 */

/** RFC 2142, and other names that seem to speak for the service. */
const RESERVED: ReadonlySet<string> = new Set(
  `abuse admin administrator administration anonymous contact feedback ftp help helpdesk hostmaster info jabber localhost
   mail mailer-daemon moderator news noc noreply no-reply nobody official operator owner postmaster root sales security
   server service staff status support sysadmin system team usenet uucp webmaster www xmpp`.split(/\s+/),
);

/** UAX 31 table 5, and the combinations of scripts of UTS 39 section 5.1. */
const SCRIPTS = [
  ...`Arabic Armenian Bengali Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Hebrew Kannada Khmer Lao Latin
      Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana Thai Tibetan`
    .split(/\s+/)
    .map((script) => [script]),
  ["Han", "Hiragana", "Katakana"],
  ["Han", "Bopomofo"],
  ["Han", "Hangul"],
];
const ONE_SCRIPT = new RegExp(
  SCRIPTS.map((group) => {
    const scripts = ["Common", "Inherited", ...group].map((script) => `\\p{Script_Extensions=${script}}`);
    return `^[${scripts.join("")}]*$`;
  }).join("|"),
  "u",
);
/**
 * Letters that look like one ASCII letter: those of UTS 39's confusables.txt (version 13) that a name may contain, in
 * scripts that have enough of them for a whole name, and a few more Greek ones.
 */
const LOOK_ALIKES = [
  ..."ıƍƽǀɑɡɣɩɪɯʋʏᴄᴏᴑᴜᴠᴡᴢ", // Latin
  ..."ᶃᶌẝỿꜱꞙꞟꬲꬵꬽꭇꭈꭎꭒꭚ", // Latin
  ..."αγικνορστυχηϳᴦ", // Greek
  ..."агеорсухѕіјѡѵүһҽӏԁԛԝꙇ", // Cyrillic
  ..."ագզհոռսցքօ", // Armenian
].join("");
/** The name has such a letter, and all its letters look like ASCII. */
const LIKE_ASCII = new RegExp(`^(?=.*[${LOOK_ALIKES}])[a-z${LOOK_ALIKES}\\P{L}]+$`, "u");

/** Whether a client may register an account of this name; the operator may create any. `local`: in canonical form. */
export function mayBeRegistered(local: string, domain: string): boolean {
  const isOfDomain = local === domain || local === domain.split(".")[0];
  if (isOfDomain || RESERVED.has(local)) return false;
  if (/^[\x21-\x7e]+$/.test(local)) return true;
  return ONE_SCRIPT.test(local) && !LIKE_ASCII.test(local);
}
