/** An ad-hoc command of one form, as a value. XEP-0050. @module */
import type { Jid } from "../../xmpp/jid.ts";
import type { Markup } from "../../xmpp/xml/xml.ts";
import type { FormValues } from "../forms/data_form.ts";
import type { ServerContext } from "../module.ts";

export interface Command {
  readonly node: string;
  readonly name: string;
  /** FORM_TYPE of its form (XEP-0068). */
  readonly formType: string;
  /** Whether that user of this server may run it; the command is hidden from other users. */
  mayRun(user: Jid, context: ServerContext): boolean | Promise<boolean>;
  /** The form to be filled in. */
  form(user: Jid, context: ServerContext): Markup | Promise<Markup>;
  /** Carries it out; returns what to tell the user. Throws StanzaError. */
  run(user: Jid, values: FormValues, context: ServerContext): Promise<string>;
}
