/** Where the people of a run live: on one server, or on two that are joined. Pure. @module */

/** Of the servers, in their order. */
export const DOMAINS = ["localhost", "mantua.example"] as const;

export type Place = 0 | 1;

/** So many names, in turn at each server. */
export function namesAt(places: readonly Place[], count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${places[at % places.length] === 0 ? "u" : "v"}${at}`);
}

/** A name tells it. */
export function placeOf(user: string): Place {
  return user.startsWith("v") ? 1 : 0;
}

export function domainOf(user: string): string {
  return DOMAINS[placeOf(user)];
}

export function jidOf(user: string): string {
  return `${user}@${domainOf(user)}`;
}
