/** The stage `fuzz-readers`: every reader of model files on mutated bytes, half of the time each, under the sanitizers. */
import { globSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { addCounts, type Counts, noCounts } from './counts.ts';
import { repository, resultsFolder } from './paths.ts';
import { type Ended, lastLines, runToEnd } from './process.ts';

const folder = 'build/fuzz';
const sanitizers = { UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1', ASAN_OPTIONS: 'allocator_may_return_null=1' };
const buildMs = 8 * 60_000;
const inputBytesMax = 1 << 16;

/** `SLACKWATER_FUZZ_SECONDS` instead of `seconds`, over all targets together. */
export async function runFuzzReaders(cmake: string, seconds: number): Promise<Counts> {
  const clang = await findClang();
  console.log(clang === null ? '  no clang++ with libFuzzer here: a driver of random mutations takes its place, which knows nothing of coverage' : `  libFuzzer of ${clang}`);
  const built = await build(cmake, clang);
  if (!built.ok) { console.log(lastLines(built.output, 40)); return failed(`fuzz targets are not built: ${built.why}`); }
  const targets = globSync('*_fuzz.cpp', { cwd: `${repository}kernels/fuzz` }).map((file) => file.replace('.cpp', '')).sort();
  const each = Math.max(1, Math.round(Number(process.env['SLACKWATER_FUZZ_SECONDS'] ?? seconds) / targets.length));
  let counts = noCounts;
  for (const target of targets) {
    const ended = clang === null ? await runDriver(target, each) : await runLibFuzzer(target, each);
    console.log(`  ${target}: ${summary(ended.output)}`);
    if (!ended.ok) console.log(lastLines(ended.output, 60));
    counts = addCounts(counts, ended.ok ? { ...noCounts, passed: 1 } : failed(`${target}: ${ended.why} (log: ${resultsFolder.slice(repository.length)}/fuzz-${target}.log; what did it lies in ${folder})`));
  }
  return counts;
}

const failed = (why: string): Counts => ({ ...noCounts, failed: 1, failures: [why] });

/** One that can also link the fuzzer's runtime, which is a package of its own on some systems. */
async function findClang(): Promise<string | null> {
  mkdirSync(`${repository}${folder}`, { recursive: true });
  for (const program of ['clang++', ...Array.from({ length: 10 }, (_, i) => `clang++-${23 - i}`)]) {
    const tried = await runToEnd('fuzz-clang', ['sh', '-c', `echo '#include <stddef.h>
extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, size_t) { return 0; }' | ${program} -fsanitize=fuzzer,address,undefined -x c++ - -o ${folder}/probe`], 60_000);
    if (tried.ok) return program;
  }
  return null;
}

async function build(cmake: string, clang: string | null): Promise<Ended> {
  const place = placeOf(clang);
  const configured = await runToEnd('fuzz-configure', [
    cmake, '-S', 'kernels', '-B', place, '-DSLACKWATER_FUZZ=ON', '-DSLACKWATER_SANITIZE=address,undefined', '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
    ...(clang === null ? [] : [`-DCMAKE_CXX_COMPILER=${clang}`]),
  ], 60_000);
  return configured.ok ? await runToEnd('fuzz-build', [cmake, '--build', place, '--target', 'fuzz', '--parallel', String(availableParallelism())], buildMs) : configured;
}

/** A folder keeps the compiler that it was configured with. */
const placeOf = (clang: string | null): string => `${folder}/${clang ?? 'gcc'}`;

/** What libFuzzer found interesting is kept, and the next run begins with it. */
async function runLibFuzzer(target: string, seconds: number): Promise<Ended> {
  const place = `${folder}/${target}`;
  for (const part of ['corpus', 'seeds']) mkdirSync(`${repository}${place}/${part}`, { recursive: true });
  const binary = globSync(`${folder}/*/${target}`, { cwd: repository }).find((path) => !path.startsWith(`${folder}/gcc`)) ?? '';
  const written = await runToEnd(`fuzz-${target}-seeds`, [`${binary}_driver`, '--write', `${place}/seeds`], 60_000, sanitizers);
  if (!written.ok) return written;
  return runToEnd(`fuzz-${target}`, [
    binary, `-max_total_time=${seconds}`, '-timeout=10', '-rss_limit_mb=2048', `-max_len=${inputBytesMax}`, `-dict=${place}/words.dict`, `-artifact_prefix=${folder}/${target}-`,
    '-print_final_stats=1', `${place}/corpus`, `${place}/seeds`,
  ], seconds * 1000 + 120_000, sanitizers);
}

const runDriver = (target: string, seconds: number): Promise<Ended> =>
  runToEnd(`fuzz-${target}`, [`${placeOf(null)}/${target}_driver`, '--seconds', String(seconds), '--seed', String(Date.now())], seconds * 1000 + 120_000, sanitizers);

function summary(output: string): string {
  const runs = /stat::number_of_executed_units:\s*(\d+)/.exec(output)?.[1], inputs = [...output.matchAll(/ cov: (\d+) ft: \d+ corp: (\d+)\//g)].at(-1);
  if (runs !== undefined) return `${runs} runs, ${inputs?.[2] ?? '?'} inputs that differ, ${inputs?.[1] ?? '?'} edges reached`;
  return /^fuzz: (.*)$/m.exec(output)?.[1] ?? 'ended without its figures';
}
