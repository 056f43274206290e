/** Every protocol extension of ampact: a new one is a file and a line here. @module */
import { amp } from "./amp.ts";
import { bind2 } from "./bind2.ts";
import { blocking } from "./blocking.ts";
import { caps } from "./caps.ts";
import { carbons } from "./carbons.ts";
import { commands } from "./commands.ts";
import { contactAddresses } from "./contact_addresses.ts";
import { csi } from "./csi.ts";
import { delay } from "./delay.ts";
import { disco } from "./disco.ts";
import { externalServices } from "./external_services.ts";
import { fast } from "./fast.ts";
import { lastActivity } from "./last_activity.ts";
import { legacySession } from "./legacy_session.ts";
import { mam } from "./mam.ts";
import type { ServerModule } from "./module.ts";
import { offline } from "./offline.ts";
import { outcomes } from "./outcomes.ts";
import { pep } from "./pep.ts";
import { ping } from "./ping.ts";
import { privateXml } from "./private_xml.ts";
import { register } from "./register.ts";
import { roster } from "./roster.ts";
import { sasl2 } from "./sasl2.ts";
import { serverStreams } from "./server_streams.ts";
import { stanzaId } from "./stanza_id.ts";
import { streamManagement } from "./stream_management.ts";
import { time } from "./time.ts";
import { vcard } from "./vcard.ts";
import { version } from "./version.ts";

/** In the order in which their hooks and phases run. */
export const modules: readonly ServerModule[] = [
  amp,
  disco,
  caps,
  contactAddresses,
  register,
  legacySession,
  sasl2,
  serverStreams,
  bind2,
  fast,
  streamManagement,
  csi,
  roster,
  blocking,
  delay,
  stanzaId,
  carbons,
  mam,
  vcard,
  pep,
  privateXml,
  lastActivity,
  externalServices,
  commands,
  offline,
  outcomes,
  ping,
  version,
  time,
];
