/** Why something from outside is not taken, in one sentence with the numbers in it; and how one is made from what zod found. */
import type { z } from 'zod';

export interface Refused {
  readonly kind: 'refused';
  /** `payload_too_large`, `invalid_utf8`, `invalid_json`, `unknown_field`, `missing_field`, `invalid_field`, … */
  readonly code: string;
  readonly message: string;
  /** The bound and what was given, where both are numbers. */
  readonly limit?: number;
  readonly got?: number;
}

export const isRefused = (value: object): value is Refused => 'kind' in value && value.kind === 'refused';

export function refused(code: string, message: string, numbers: { readonly limit: number; readonly got: number } | null = null): Refused {
  return { kind: 'refused', code, message, ...numbers };
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** The first thing that is wrong, named by its path. `input`: what was parsed, to say what stood there. */
export function refusedBy(error: z.ZodError, input: unknown): Refused {
  return problemIn(error, input).refused;
}

/** The same, and the path of the field apart: protocols have a place for it. */
export function problemIn(error: z.ZodError, input: unknown): { readonly refused: Refused; readonly param: string | null } {
  // An unknown field explains better what a client meant than the missing one that it was meant to be.
  const issues = error.issues.map((issue) => deepest(issue, []));
  const first = issues.find((it) => it.issue.code === 'unrecognized_keys') ?? issues[0]!;
  const path = first.issue.code === 'unrecognized_keys' ? [...first.path, first.issue.keys[0]!] : first.path;
  return { refused: explained(first.issue, first.path, input), param: path.length > 0 ? pathText(path) : null };
}

function explained(issue: Issue, path: Path, input: unknown): Refused {
  const at = pathText(path);
  const got = valueAt(input, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return refused('unknown_field', `unknown field "${pathText([...path, issue.keys[0]!])}"`);
    case 'too_big': {
      const numbers = { limit: Number(issue.maximum), got: sizeOf(got) };
      return refused('invalid_field', `"${at}" ${measure(issue.origin, numbers.got)}; it may be ${issue.inclusive === false ? 'less than' : 'at most'} ${numbers.limit}`, numbers);
    }
    case 'too_small': {
      const numbers = { limit: Number(issue.minimum), got: sizeOf(got) };
      return refused('invalid_field', `"${at}" ${measure(issue.origin, numbers.got)}; it must be ${issue.inclusive === false ? 'more than' : 'at least'} ${numbers.limit}`, numbers);
    }
    case 'invalid_union':
    case 'invalid_value': {
      const options = issue.code === 'invalid_value' ? issue.values : 'options' in issue ? (issue.options as unknown[]) : [];
      if (got === undefined) return missing(at);
      return refused('invalid_field', `"${at}" is ${shown(got)}; it may be ${options.map(shown).join(', ')}`);
    }
    case 'invalid_type':
      if (got === undefined && at !== '') return missing(at);
      return refused('invalid_field', `${at === '' ? 'the document' : `"${at}"`} is ${shown(got)}; expected ${issue.expected === 'int' ? 'a whole number' : article(issue.expected)}`);
    case 'custom':
      return refused(String(issue.params?.['code'] ?? 'invalid_field'), at === '' || issue.message.includes('"') ? issue.message : `"${at}" ${issue.message}`);
    default:
      return refused('invalid_field', `"${at}" is ${shown(got)}: ${issue.message}`);
  }
}

function missing(at: string): Refused {
  return refused('missing_field', `"${at}" is missing`);
}

/** A union failed: follow the branch that got furthest into the value. */
function deepest(issue: Issue, above: Path): { readonly issue: Issue; readonly path: Path } {
  const path = [...above, ...issue.path];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return { issue, path };
  const branches = issue.errors.flatMap((branch) => branch.slice(0, 1).map((inner) => deepest(inner, path)));
  const far = branches.reduce((best, it) => (it.path.length > best.path.length ? it : best));
  if (far.path.length > path.length) return far;
  const wanted = branches.map((it) => (it.issue.code === 'invalid_type' ? it.issue.expected : it.issue.code)).join(' or ');
  return { issue: { ...far.issue, code: 'invalid_type', expected: wanted } as Issue, path };
}

/** `messages[2].foo` */
export function pathText(path: Path): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? String(key) : `.${String(key)}`)).join('');
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<PropertyKey, unknown>)[key] : undefined), input);
}

const sizeOf = (value: unknown): number => (typeof value === 'string' || Array.isArray(value) ? value.length : Number(value));
const measure = (origin: string, size: number): string => (origin === 'string' ? `has ${size} characters` : origin === 'array' ? `has ${size} entries` : `is ${size}`);
const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);

const shownMax = 60;
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > shownMax ? `${text.slice(0, shownMax)}… (${text.length} characters)` : text;
}
