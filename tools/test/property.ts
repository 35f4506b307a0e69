/** Set-up of property tests: the gate repeats the same cases each time; `npm run test:full` looks for new ones (a failure prints its seed). */
import fc from 'fast-check';

const isFull = process.env['SLACKWATER_FULL'] === '1';
fc.configureGlobal(isFull ? { numRuns: 5_000 } : { numRuns: 100, seed: 20261121 });
