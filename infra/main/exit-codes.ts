/** What the program's exit code means; never changed, scripts rely on it. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unavailable: 3, notFound: 4 } as const;
