/** What a stage found. `skipped` is shown but counts neither way; `failures` are lines for a reader. */
export interface Counts { readonly passed: number; readonly failed: number; readonly skipped: number; readonly failures: readonly string[] }

export const noCounts: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped, failures: [...a.failures, ...b.failures] };
}

interface VitestReport {
  readonly numPassedTests: number; readonly numFailedTests: number; readonly numPendingTests: number; readonly numTodoTests: number;
  readonly testResults: readonly { readonly name: string; readonly status: string; readonly message: string; readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[] }[];
}

/** From vitest's JSON reporter. A file that could not be loaded has no tests in it, and is one failure. */
export function countVitest(json: string): Counts {
  const report = JSON.parse(json) as VitestReport;
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'));
  const failedTests = report.testResults.flatMap((file) => file.assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName));
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: [...failedTests, ...unloaded.map((file) => `${file.name}: ${file.message.split('\n')[0] || 'a hook failed, see above'}`)],
  };
}

/** From ctest's `--output-junit`. */
export function countJunit(xml: string): Counts {
  const head = /<testsuite\b[^>]*>/.exec(xml)?.[0] ?? '';
  const number = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const skipped = number('skipped') + number('disabled');
  const failures = [...xml.matchAll(/<testcase name="([^"]*)"[^>]*status="fail"/g)].map((match) => match[1] ?? '');
  return { passed: number('tests') - number('failures') - skipped, failed: number('failures'), skipped, failures };
}

/** From a program whose last words are `N passed, N failed` (the simulator: one test a seed). */
export function countLastLine(output: string): Counts | null {
  const found = [...output.matchAll(/^(\d+) passed, (\d+) failed/gm)].at(-1);
  return found ? { ...noCounts, passed: Number(found[1]), failed: Number(found[2]) } : null;
}
