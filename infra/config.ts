import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { policyNames } from '../actors/control/policies/named.ts';
import { limits } from '../actors/lib/limits.ts';
import { isToken } from '../schemas/subjects.ts';

const MiB = 1 << 20;
const units: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 1024, MiB, GiB: 1024 * MiB };

/** `256MiB`, `1GiB`, or a plain number of bytes. */
export const sizeInBytes = z.union([z.int().min(0), z.string()], { error: 'is not a size such as 256MiB' }).transform((given, context) => {
  if (typeof given === 'number') return given;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB)?$/.exec(given) ?? [];
  if (number !== undefined) return Math.floor(Number(number) * (units[unit] ?? 1));
  context.addIssue({ code: 'custom', message: `"${given}" is not a size such as 256MiB` });
  return z.NEVER;
});
const token = z.string().refine(isToken, 'is 1 to 64 of A-Z a-z 0-9 _ -');
const port = z.int().min(0).max(65_535);

/** Everything a process can be told. Every field has a default; YAML, environment and flags are laid over it in that order. */
export const configShape = z.strictObject({
  region: token.default('local'),
  cache: z.string().default(''),
  nats: z.strictObject({
    /** Null: `up` starts a nats-server of its own. */
    url: z.string().nullable().default(null),
    port: port.default(0),
    store: z.string().default(''),
    durability: z.enum(['interval', 'fsync']).default('interval'),
    deadlineMs: z.number().positive().default(15_000),
  }).prefault({}),
  model: z.strictObject({ name: z.string().min(1).default('smollm2-135m'), path: z.string().default('') }).prefault({}),
  gateway: z.strictObject({ name: token.default('gateway-1'), host: z.string().default('127.0.0.1'), port: port.default(8080), stepsMax: z.int().min(1).default(limits.gatewayStepsMax) }).prefault({}),
  conductor: z.strictObject({ name: token.default('conductor-1'), policy: z.enum(policyNames).default('slackwater'), demoteAfterMs: z.number().min(0).default(0), metricsPort: port.nullable().default(null) }).prefault({}),
  worker: z.strictObject({
    name: token.default('worker-1'),
    hbm: sizeInBytes.default(256 * MiB),
    dram: sizeInBytes.default(1024 * MiB),
    /** `auto`: the cores this process may use, shared among the workers of one `up`. */
    threads: z.union([z.literal('auto'), z.int().min(1).max(256)]).default('auto'),
    /** How the weights are kept and multiplied: docs/benchmarks/engine.md has what each is good for. */
    weightMode: z.enum(['auto', 'exact', 'compact', 'fast']).default('auto'),
    speculation: z.enum(['auto', 'off']).default('auto'),
    backend: z.enum(['cpu', 'reference']).default('cpu'),
    isa: z.enum(['auto', 'scalar', 'avx2', 'avx512', 'amx']).default('auto'),
    runsMax: z.int().min(1).max(256).default(64),
    iterationTokensMax: z.int().min(1).max(8192).default(512),
    device: z.string().default(`cpu-${cpus().length}core`),
    metricsPort: port.nullable().default(null),
  }).prefault({}),
  trace: z.strictObject({
    idleMs: z.number().positive().default(limits.idleMs), attemptMs: z.number().positive().default(limits.attemptMs),
    attemptsMax: z.int().min(1).default(limits.attemptsMax), sideCallsMax: z.int().min(0).default(limits.sideCallsMax), childrenMax: z.int().min(1).default(limits.childrenMax),
  }).prefault({}),
  /** Where workers and conductors with a `metricsPort` serve /metrics; the gateway does on its own port. */
  metrics: z.strictObject({ host: z.string().min(1).default('127.0.0.1') }).prefault({}),
  /** Of `slackwater up`. */
  fleet: z.strictObject({ conductors: z.int().min(1).max(64).default(1), workers: z.int().min(1).max(64).default(1) }).prefault({}),
  /** US dollars per hour. */
  prices: z.strictObject({ accelerator: z.number().min(0).default(0.08), dramGib: z.number().min(0).default(0.004) }).prefault({}),
  log: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
});

export type Config = z.infer<typeof configShape>;
/** What may be given: any part of it. */
export type ConfigInput = z.input<typeof configShape>;

export class ConfigError extends Error { override readonly name = 'ConfigError'; }

/**
 * The effective configuration: `file` (YAML), then `SLACKWATER_<SECTION>_<FIELD>` of the environment, then `flags`.
 * Throws ConfigError with the path of the field and what is wrong with it.
 */
export function loadConfig(file: string | null, env: Readonly<Record<string, string | undefined>>, flags: ConfigInput = {}): Config {
  const layers = [file === null ? {} : readYaml(file), fromEnvironment(env), flags as Record<string, unknown>];
  const parsed = configShape.safeParse(layers.reduce<Record<string, unknown>>((under, over) => lay(under, over), {}));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? [issue.keys[0]] : [])].join('.');
    throw new ConfigError(issue?.code === 'unrecognized_keys' ? `unknown setting "${path}"` : `setting "${path}": ${issue?.message ?? 'is not valid'}`);
  }
  return withPlaces(parsed.data, env);
}

/** Settings whose default depends on where the package stands. */
function withPlaces(config: Config, env: Readonly<Record<string, string | undefined>>): Config {
  const cache = config.cache !== '' ? config.cache : env['SLACKWATER_CACHE'] ?? join(packageRoot(), '.cache');
  const path = config.model.path !== '' ? config.model.path : env['SLACKWATER_MODEL'] ?? join(cache, 'models', 'SmolLM2-135M-Instruct.Q4_1.gguf');
  return { ...config, cache, model: { ...config.model, path }, nats: { ...config.nats, store: config.nats.store !== '' ? config.nats.store : join(cache, 'nats', config.region) } };
}

export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function readYaml(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`configuration ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    const value: unknown = parse(text) ?? {};
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ConfigError(`configuration ${file} is not a mapping`);
    return value as Record<string, unknown>;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`configuration ${file} is not YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
  }
}

/** Not settings of this shape: set-up and libraries read these themselves. */
const foreign = new Set(['SLACKWATER_CACHE', 'SLACKWATER_MODEL', 'SLACKWATER_NATS', 'SLACKWATER_NATS_SERVER', 'SLACKWATER_FULL', 'SLACKWATER_CONFIG']);

/** `SLACKWATER_WORKER_RUNS_MAX=8` → `worker.runsMax`. */
function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const layer: Record<string, unknown> = {};
  if (env['SLACKWATER_NATS'] !== undefined) layer['nats'] = { url: env['SLACKWATER_NATS'] };
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('SLACKWATER_') || foreign.has(name) || text === undefined) continue;
    const [section = '', ...words] = name.slice('SLACKWATER_'.length).toLowerCase().split('_');
    const field = words.map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
    if (!(section in configShape.shape)) continue;
    const value: unknown = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    if (field === '') layer[section] = value;
    else layer[section] = { ...(layer[section] as Record<string, unknown> | undefined), [field]: value };
  }
  return layer;
}

function lay(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const result = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    const areBoth = [below, value].every((it) => typeof it === 'object' && it !== null && !Array.isArray(it));
    if (value !== undefined) result[key] = areBoth ? lay(below as Record<string, unknown>, value as Record<string, unknown>) : value;
  }
  return result;
}
