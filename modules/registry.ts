import { StanzaError } from "../xmpp/errors.ts";
import { Jid } from "../xmpp/jid.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { Markup } from "../xmpp/xml/xml.ts";
import { answerIq, type IqHandlerMap } from "./answer_iq.ts";
import { listPhases, type PhaseLists } from "./message_phases.ts";
import type {
  AccountContext,
  IqHandler,
  IqHandlers,
  PreAuthContext,
  ServerContext,
  ServerModule,
  ServerSettings,
  ServiceDescription,
} from "./module.ts";
import { describeService } from "./service_description.ts";

/** What the list of modules comes to. */
export interface Registry {
  readonly modules: readonly ServerModule[];
  readonly description: ServiceDescription;
  readonly phases: PhaseLists;
  /** Content of `<stream:features/>` besides what the stream itself negotiates, in the order of the modules. `local`: for a client on this machine. */
  streamFeatures(stage: "auth" | "bind", local?: boolean): Markup[];
  /** An IQ get or set for the domain; `from` is the full JID of the requester. */
  answerServer(stanza: Stanza, context: ServerContext): Stanza | Promise<Stanza>;
  /** An IQ get or set for an account's bare JID, or one of the owner's without `to`. */
  answerAccount(stanza: Stanza, context: AccountContext): Stanza | Promise<Stanza>;
  /** An IQ get or set on a stream that is not authenticated yet. */
  answerPreAuth(stanza: Stanza, context: PreAuthContext): Stanza | Promise<Stanza>;
}

/** Joins the modules. Throws where two of them claim one IQ key in the same scope. */
export function createRegistry(modules: readonly ServerModule[], settings: ServerSettings): Registry {
  const description = describeService(modules, settings);
  const server = handlerMap<ServerContext>(modules, (module) => [module.iq, module.serverIq]);
  const account = handlerMap<AccountContext>(modules, (module) => [ownersOnly(module.iq), module.accountIq]);
  const preAuth = handlerMap<PreAuthContext>(modules, (module) => [module.preAuthIq]);
  const featuresFor = (local: boolean) => ({
    auth: streamFeatures(modules, "auth", settings, description, local),
    bind: streamFeatures(modules, "bind", settings, description, local),
  });
  const features = featuresFor(false);
  const localFeatures = featuresFor(true);
  return {
    modules,
    description,
    phases: listPhases(modules),
    streamFeatures: (stage, local = false) => (local ? localFeatures : features)[stage],
    answerServer: (stanza, context) => answerIq(stanza, { from: stanza.from!, to: stanza.to! }, server, context),
    answerAccount: (stanza, context) =>
      answerIq(stanza, { from: stanza.from ?? context.owner, to: context.owner }, account, context),
    answerPreAuth: (stanza, context) => {
      const domain = Jid.parse(context.domain);
      return answerIq(stanza, { from: domain, to: domain }, preAuth, context);
    },
  };
}

function handlerMap<Context>(
  modules: readonly ServerModule[],
  handlersOf: (module: ServerModule) => readonly (IqHandlers<Context> | undefined)[],
): IqHandlerMap<Context> {
  const map = new Map<string, IqHandler<Context>>();
  const owners = new Map<string, string>();
  for (const module of modules) {
    for (const [key, handler] of handlersOf(module).flatMap((handlers) => Object.entries(handlers ?? {}))) {
      const other = owners.get(key);
      if (other !== undefined) {
        throw new Error(`Cannot start module ${module.name}: "${key}" is answered by module ${other} already`);
      }
      owners.set(key, module.name);
      map.set(key, handler);
    }
  }
  return map;
}

/**
 * RFC 6121 section 8.5.1: an IQ to an unknown account is answered with service-unavailable. A stranger's IQ to an
 * existing account gets the same answer, so it does not reveal which accounts exist.
 */
function ownersOnly(handlers: IqHandlers<ServerContext> | undefined): IqHandlers<AccountContext> {
  const entries = Object.entries(handlers ?? {}).map(([key, handler]): [string, IqHandler<AccountContext>] => [
    key,
    (iq, context) => {
      if (!iq.from.bare.equals(context.owner)) throw new StanzaError("service-unavailable");
      return handler(iq, context);
    },
  ]);
  return Object.fromEntries(entries);
}

function streamFeatures(
  modules: readonly ServerModule[],
  stage: "auth" | "bind",
  settings: ServerSettings,
  description: ServiceDescription,
  local: boolean,
): Markup[] {
  return modules.flatMap((module) => module.streamFeatures?.(stage, settings, description, local) ?? []);
}
