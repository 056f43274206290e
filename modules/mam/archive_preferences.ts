/** The reader and the writer of archiving preferences. XEP-0441 v0.2.0. @module */
import type { ArchivePreferences } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";

/** The default of an account that has set none. */
export const DEFAULT_PREFERENCES: ArchivePreferences = { default: "always", always: [], never: [] };

const MAX_JIDS = 1000;

/** Applied to bare JIDs; the answer shows that. @throws StanzaError bad-request */
export function readPreferences(prefs: Element): ArchivePreferences {
  const given = prefs.attr("default");
  if (given !== "always" && given !== "never" && given !== "roster") throw new StanzaError("bad-request");
  return { default: given, always: readJids(prefs, "always"), never: readJids(prefs, "never") };
}

function readJids(prefs: Element, name: "always" | "never"): readonly string[] {
  const texts = prefs.child(name, NS.MAM)?.childrenNamed("jid", NS.MAM) ?? [];
  const jids = texts.map((element) => Jid.tryParse(element.text.trim())?.bare.text);
  if (!jids.every((jid) => jid !== undefined) || jids.length > MAX_JIDS) throw new StanzaError("bad-request");
  return [...new Set(jids)];
}

export function preferencesMarkup(preferences: ArchivePreferences): Markup {
  const jids = (list: readonly string[]) => list.map((jid) => xml`<jid>${jid}</jid>`);
  return xml`
    <prefs xmlns="${NS.MAM}" default="${preferences.default}">
      <always>${jids(preferences.always)}</always>
      <never>${jids(preferences.never)}</never>
    </prefs>`;
}
