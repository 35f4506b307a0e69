import { defineConfig } from 'vitest/config';

const everyTest = '**/*.test.ts';
const propertyTest = '**/*.prop.test.ts';
const ignored = ['**/node_modules/**', 'dist/**', 'build/**', '.cache/**'];

/** Projects by place and name: beside the code is unit, `*.prop.test.ts` is property, and the folders of test/ are what they are called. */
export default defineConfig({
  test: {
    pool: 'forks', // the addon and child processes live in tests: a process each, so that nothing leaks into the next file
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'unit', include: [everyTest], exclude: [...ignored, propertyTest, 'test/conformance/**', 'test/integration/**', 'test/e2e/**'], testTimeout: 10_000, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'property', include: [propertyTest], exclude: ignored, setupFiles: ['tools/test/property.ts'], testTimeout: 60_000, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: 'conformance', include: [`test/conformance/${everyTest}`], testTimeout: 30_000, hookTimeout: 30_000, sequence: { groupOrder: 2 } } },
      { extends: true, test: { name: 'integration', include: [`test/integration/${everyTest}`], testTimeout: 120_000, hookTimeout: 60_000, maxWorkers: 1, sequence: { groupOrder: 3 } } },
      { extends: true, test: { name: 'e2e', include: [`test/e2e/${everyTest}`], testTimeout: 180_000, hookTimeout: 120_000, maxWorkers: 1, sequence: { groupOrder: 4 } } },
    ],
  },
});
