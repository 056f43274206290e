/** The clauses of XEP-0079 with requirements, and a summary of each. @module */

export interface Clause {
  readonly number: string;
  readonly demand: string;
}

const TABLE: readonly (readonly [number: string, demand: string])[] = [
  ["1.3", "a message with rules has a non-empty id, and every response echoes it"],
  ["2.1.1", "discovery of the protocol, and of each action and condition"],
  ["2.1.2", "per-hop rules are carried on and obeyed; what cannot apply to a hop is ignored"],
  ["2.2.1", "all rules are validated before anything is done, and one error names those at fault"],
  ["2.2.2", "the default action is determined"],
  ["2.2.3", "rules in order: the first that is met decides; notify lets the default go on"],
  ["2.2.4", "the decided action is carried out, and no other"],
  ["2.2.5", "the event: to the sender, with the rule and the id, without the message"],
  ["3.3.1", "deliver: direct, stored, none, forward, gateway"],
  ["3.3.2", "expire-at: UTC date; on time, once, never for what was delivered"],
  ["3.3.3", "match-resource: any, exact, other; ignored per hop"],
  ["3.4.1", "alert"],
  ["3.4.2", "drop: no response, no storage"],
  ["3.4.3", "error, with failed-rules"],
  ["3.4.4", "notify"],
  ["4.1", "the attributes status, from, to, per-hop of <amp/>"],
  ["4.2", "the attributes of <rule/>"],
  ["5.1", "scenario: reliable data transport"],
  ["5.2", "scenario: time-sensitive messages"],
  ["5.3", "scenario: transient messages"],
  ["6.1", "error conditions, with every rule that they are about"],
  ["6.2.1", "example: unsupported action"],
  ["6.2.2", "example: unsupported condition"],
  ["6.2.3", "example: not acceptable"],
  ["6.2.4", "example: service unavailable"],
  ["6.2.5", "example: failed rules"],
  ["7", "what has expired in storage is not delivered"],
  ["8", "the stream feature"],
  ["9", "rules tell nobody more than presence would"],
];

export const CLAUSES: readonly Clause[] = TABLE.map(([number, demand]) => ({ number, demand }));

/** Whether a test that names one clause covers the other: the same one, or a part of it. */
export function covers(named: string, clause: string): boolean {
  return clause === named || clause.startsWith(`${named}.`);
}
