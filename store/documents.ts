/** Free-form XML kept for a user: vCards, private XML. @module */

/** What is kept besides the archive may take so much of an account's bytes; the archive has what it leaves. */
export const KEPT_PART = 1 / 4;

/** Free-form XML kept for a user: vCards, private XML. `kind` names the module, `key` the entry. */
export interface StoredDocument {
  readonly key: string;
  readonly text: string;
}

export interface DocumentOperations {
  /** As for nodes and items: a fault `quota` where the account may not keep so much. */
  putDocument(owner: string, kind: string, key: string, text: string): void;
  document(owner: string, kind: string, key: string): string | undefined;
  documents(owner: string, kind: string): readonly StoredDocument[];
  /** How many there are, without reading them. */
  documentCount(owner: string, kind: string): number;
  /** Returns false where there was none. */
  removeDocument(owner: string, kind: string, key: string): boolean;
}
