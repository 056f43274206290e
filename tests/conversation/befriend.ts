/** Two people who see each other's presence, by the way that clients go. @module */
import { xml } from "../../xmpp/xml/xml.ts";
import type { Device } from "./device.ts";

/** Both are online; each grants the other its presence, and what that brings is dropped. */
export async function befriend(one: Device, other: Device): Promise<void> {
  await grants(one, other);
  await grants(other, one);
}

/** The owner lets the watcher see its presence; both are online. */
export async function grants(owner: Device, watcher: Device): Promise<void> {
  // Approved in advance, so that the request needs no answer (RFC 6121 section 3.4).
  owner.sends(xml`<presence to="${watcher.bare}" type="subscribed"/>`);
  await owner.ignores();
  watcher.sends(xml`<presence to="${owner.bare}" type="subscribe"/>`);
  await watcher.ignores();
  await owner.ignores();
}
