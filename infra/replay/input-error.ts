/** What a user gave (a file, a fleet, a flag) can not be used; the message says where and why, with the numbers. */
export class InputError extends Error { override readonly name = 'InputError'; }
