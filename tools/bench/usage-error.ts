/** The command was given what it does not understand. */
export class UsageError extends Error { override readonly name = 'UsageError'; }
