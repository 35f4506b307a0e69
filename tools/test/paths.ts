import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
/** Reports and logs of the last run, one set a stage. Git ignores `build/`. */
export const resultsFolder = `${repository}build/test-results`;
