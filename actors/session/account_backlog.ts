/**
 * What all sessions of one account hold together without proof of receipt has one bound, or an account with many sessions
 * would hold as much as it has sessions.
 * @module
 */

export interface Backlogged {
  /** Bytes without proof, but those of strangers, who have a share of their own. */
  readonly heldBytes: number;
  /** Ends; its messages go back to storage. */
  giveUp(): void;
}

export class AccountBacklog {
  readonly #holders = new Set<Backlogged>();

  add(holder: Backlogged): void {
    this.#holders.add(holder);
  }

  remove(holder: Backlogged): void {
    this.#holders.delete(holder);
  }

  /** Where they hold more than that, the one that holds most gives up. */
  limit(bytes: number): void {
    let all = 0;
    let most: Backlogged | undefined;
    for (const holder of this.#holders) {
      const { heldBytes } = holder;
      all += heldBytes;
      if (most === undefined || heldBytes > most.heldBytes) most = holder;
    }
    if (all > bytes) most?.giveUp();
  }
}
