/**
 * Runs the hooks of the protocol modules for an account. A failure of one module is logged and does not stop the
 * others. @module
 */
import type { AccountHooks, Effect } from "../../modules/module.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { LiveAccount } from "./live_account.ts";

export function eachHook({ node }: LiveAccount, run: (hooks: AccountHooks) => void): void {
  for (const module of node.registry.modules) if (module.hooks !== undefined) run(module.hooks);
}

/** One module after the other; the effects of each are carried out before the next one runs. */
export async function runHooks(
  account: LiveAccount,
  phase: keyof AccountHooks,
  run: (hooks: AccountHooks) => readonly Effect[] | Promise<readonly Effect[]> | undefined,
): Promise<void> {
  for (const module of account.node.registry.modules) {
    if (module.hooks?.[phase] === undefined) continue;
    try {
      for (const effect of (await run(module.hooks)) ?? []) carryOut(account, effect);
    } catch (error) {
      account.log.error("hook failed", { module: module.name, phase, account: account.owner.text, error });
    }
  }
}

function carryOut(account: LiveAccount, effect: Effect): void {
  if (effect.kind === "route") account.route(effect.stanza);
  else account.toResource(effect.resource, effect.stanza);
}

/** The client's presence, before it is handled. */
export function sentPresence(account: LiveAccount, given: Stanza): Stanza {
  let stanza = given;
  eachHook(account, (hooks) => {
    stanza = hooks.sentPresence?.(stanza, account) ?? stanza;
  });
  return stanza;
}

/** The presence as it is sent: modules may add to the client's stanza (XEP-0153). */
export function outgoingPresence(account: LiveAccount, sent: Stanza): Stanza {
  let stanza = sent;
  eachHook(account, (hooks) => {
    stanza = hooks.outgoingPresence?.(stanza, account) ?? stanza;
  });
  return stanza;
}
