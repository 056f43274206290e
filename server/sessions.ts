/** The sessions of this server, for the application and the command line. @module */
import type { SessionReport } from "../actors/session_report.ts";
import { StreamError } from "../xmpp/errors.ts";
import { Jid } from "../xmpp/jid.ts";
import type { Log } from "../xmpp/log.ts";

export type { SessionReport } from "../actors/session_report.ts";

export interface Sessions {
  /** Of one account, or all. Throws JidError. */
  list(account?: string): readonly SessionReport[];
  /**
   * Ends the sessions of a bare JID, or that of a full JID, with the stream error `policy-violation`; they cannot be resumed, but
   * the account may log in again. Answers with those that were there. Throws JidError.
   */
  close(jid: string, reason?: string): readonly SessionReport[];
}

export interface SessionsStart {
  readonly log: Log;
  readonly running: () => {
    sessionReports(account?: Jid): readonly SessionReport[];
    closeSessions(jid: Jid, error: StreamError): readonly SessionReport[];
  };
}

const REASON = "The session was ended by whoever runs this server";

export function createSessions({ log, running }: SessionsStart): Sessions {
  return {
    list: (account) => running().sessionReports(account === undefined ? undefined : Jid.parse(account).bare),
    close(jid, reason = REASON) {
      const parsed = Jid.parse(jid);
      const closed = running().closeSessions(parsed, new StreamError("policy-violation", { text: reason }));
      log.info("sessions ended by request", { jid: parsed.text, count: closed.length });
      return closed;
    },
  };
}
