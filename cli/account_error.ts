/** A command about an account that cannot be carried out; the message is for the user. */
export class AccountError extends Error {}
