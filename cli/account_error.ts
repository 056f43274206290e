/** A command about an account that cannot be carried out, in the words for its user. */
export class AccountError extends Error {}
