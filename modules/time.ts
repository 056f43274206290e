/** Entity Time. XEP-0202 v2.0. The answer is in UTC. @module */
import { formatDateTime } from "../xmpp/date_time.ts";
import { NS } from "../xmpp/ns.ts";
import { xml } from "../xmpp/xml/xml.ts";
import { get, type ServerModule } from "./module.ts";

export const time: ServerModule = {
  name: "time",
  xeps: [{ xep: 202, title: "Entity Time", version: "2.0", status: "complete" }],
  features: [NS.TIME],
  serverIq: {
    [get(NS.TIME, "time")]: (_iq, context) => xml`
      <time xmlns="${NS.TIME}">
        <tzo>+00:00</tzo>
        <utc>${formatDateTime(context.now())}</utc>
      </time>`,
  },
};
