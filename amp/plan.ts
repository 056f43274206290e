/** The default action for a message, without its rules: XEP-0079 2.2.2 over RFC 6121 8.5. @module */
import type { StanzaErrorCondition } from "../xmpp/errors.ts";

/** The answer of one connected resource of the recipient. */
export interface ResourceAnswer {
  readonly resource: string;
  readonly priority: number;
  /** It has sent available presence. A resource that has not is merely connected. */
  readonly available: boolean;
  /** False: its stream is gone and waits to be resumed (XEP-0198). */
  readonly connected?: boolean;
  /** It holds as much of strangers, who are not on the account's roster, as it may without proof of receipt. */
  readonly refusesStrangers?: boolean;
}

export interface PlanInput {
  readonly messageType: "chat" | "normal" | "headline" | "groupchat" | "error";
  /** The address as the sender wrote it; `resource` is "" for a bare JID. */
  readonly to: { readonly resource: string };
  readonly accountExists: boolean;
  /** A block list, of either side, keeps the message from the recipient (XEP-0191). */
  readonly blocked: boolean;
  readonly resources: readonly ResourceAnswer[];
  readonly storage: {
    readonly offline: boolean;
    /** The message is archived, so the recipient can fetch it later. */
    readonly archive: boolean;
    /** Kind and hints of the message permit storage (XEP-0160, XEP-0334). */
    readonly storable: boolean;
    readonly full?: boolean;
  };
  /**
   * The recipient's forwarding address while away. It applies to chat and normal messages that no available resource
   * takes, and precedes storage.
   */
  readonly forwardTo?: string;
  /** The destination is served by a gateway; no other field matters then. */
  readonly gateway?: boolean;
  /**
   * The sender may not see the recipient's presence: no error may reveal whether the recipient is online or exists.
   * Default false.
   */
  readonly presenceHidden?: boolean;
  /** The sender expects no answer (a bare chat state, receipt or marker): no error when nobody is online. */
  readonly ephemeral?: boolean;
  /**
   * A normal message to a full JID without a session: "bare" (the default) treats it like one to the bare JID, as chat
   * messages; "refuse" answers with an error, as in RFC 6121 8.5.3.2.1.
   */
  readonly unmatchedNormal?: "bare" | "refuse";
}

export type NoneReason = "no-account" | "blocked" | "no-storage" | "storage-full" | "not-storable" | "no-route";

export interface DirectPlan {
  readonly kind: "direct";
  /** At least one. "" stands for a destination without resource, such as a room. */
  readonly resources: readonly string[];
}

export interface NonePlan {
  readonly kind: "none";
  readonly reason: NoneReason;
  /** Ordinary handling ignores the message instead of answering with an error. */
  readonly silent: boolean;
  /** The ordinary error, where who refused it has said which. */
  readonly condition?: StanzaErrorCondition;
}

/** One variant for each value of the `deliver` condition (XEP-0079 3.3.1). */
export type Plan =
  | DirectPlan
  | { readonly kind: "stored" }
  | { readonly kind: "forward"; readonly to: string }
  | { readonly kind: "gateway" }
  | NonePlan;

/** What a destination without resources does that takes messages at once, such as a service. */
export const RESOURCELESS: Plan = { kind: "direct", resources: [""] };
const STORED: Plan = { kind: "stored" };
const GATEWAY: Plan = { kind: "gateway" };

/**
 * The default action. Rules are evaluated against the same value that is carried out, so decision and effect cannot
 * differ.
 */
export function plan(input: PlanInput): Plan {
  const silent = input.messageType === "error" || isHidden(input);
  if (input.blocked) return { kind: "none", reason: "blocked", silent };
  if (input.gateway) return GATEWAY;
  if (!input.accountExists) return { kind: "none", reason: "no-account", silent };
  const wanted = input.to.resource;
  if (wanted !== "") {
    // RFC 6121 8.5.3.1: a matching resource gets it whatever its priority, available or merely connected.
    if (input.resources.some((answer) => answer.resource === wanted)) return { kind: "direct", resources: [wanted] };
    return planUnmatched(input);
  }
  return planBare(input);
}

/**
 * The condition of the ordinary error for a message that nothing will deliver, or undefined for silence.
 * XEP-0160 3: a full store answers like a missing one.
 */
export function ordinaryError(none: NonePlan): StanzaErrorCondition | undefined {
  if (none.silent) return undefined;
  if (none.condition !== undefined) return none.condition;
  return none.reason === "no-route" ? "remote-server-not-found" : "service-unavailable";
}

/** RFC 6121 section 8.5.1 allows silence for an unknown account too, so the cases cannot be told apart. */
function isHidden({ presenceHidden }: PlanInput): boolean {
  return presenceHidden === true;
}

/** RFC 6121 8.5.3.2.1: no resource matches the full JID. */
function planUnmatched(input: PlanInput): Plan {
  switch (input.messageType) {
    case "chat":
      return planBare(input);
    case "normal":
      if (input.unmatchedNormal !== "refuse") return planBare(input);
      return { kind: "none", reason: "not-storable", silent: isHidden(input) };
    case "groupchat":
      return { kind: "none", reason: "not-storable", silent: isHidden(input) };
    case "headline":
    case "error":
      return { kind: "none", reason: "not-storable", silent: true };
    default:
      return input.messageType satisfies never;
  }
}

/** RFC 6121 8.5.2: all available resources of non-negative priority. */
function planBare(input: PlanInput): Plan {
  const { messageType } = input;
  if (messageType === "groupchat") return { kind: "none", reason: "not-storable", silent: isHidden(input) };
  if (messageType === "error") return { kind: "none", reason: "not-storable", silent: true };
  const resources = input.resources.filter((answer) => answer.available && answer.priority >= 0);
  if (resources.length > 0) return { kind: "direct", resources: resources.map((answer) => answer.resource) };
  if (messageType === "headline") return { kind: "none", reason: "not-storable", silent: true };
  return planAbsent(input);
}

/** RFC 6121 8.5.2.2.1, chat and normal: no resource is available. */
function planAbsent(input: PlanInput): Plan {
  if (input.forwardTo !== undefined) return { kind: "forward", to: input.forwardTo };
  const { storage } = input;
  const silent = isHidden(input) || (input.ephemeral ?? false);
  if (!storage.storable) return { kind: "none", reason: "not-storable", silent };
  if (!storage.offline && !storage.archive) return { kind: "none", reason: "no-storage", silent };
  if (storage.full) return { kind: "none", reason: "storage-full", silent };
  return STORED;
}
