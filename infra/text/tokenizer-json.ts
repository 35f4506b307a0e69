import { type Json, isRecord } from './json.ts';
import { type TokenizerFacts, tokenType } from './model-facts.ts';
import { digits, digitRuns, gpt2Pattern, translatePattern } from './pre-tokenizer.ts';
import { TextError } from './text-error.ts';

type Record_ = { readonly [key: string]: Json };

/**
 * A tokenizer.json, as `@huggingface/tokenizers` and the `tokenizers` library read it, as the facts that our tokenizer works by: BPE, byte-level or over
 * pieces with byte fallback. `size`: the model's vocabulary; ids without a token are padding. What would change ids and is not
 * known here is refused by name (`tokenizer_unsupported`), not passed over.
 */
export function readTokenizerJson(path: string, json: Record_, size: number): TokenizerFacts {
  const refuse = (what: string): never => { throw new TextError('tokenizer_unsupported', `${path}: ${what}`); };
  const model = json['model'];
  if (!isRecord(model) || model['type'] !== 'BPE' || !isRecord(model['vocab']) || !Array.isArray(model['merges'])) {
    return refuse(`model of type ${JSON.stringify(isRecord(model) ? model['type'] : model)}; known: BPE with vocab and merges`);
  }
  for (const key of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix']) {
    if (model[key] !== undefined && model[key] !== null && model[key] !== '') refuse(`model.${key} is ${JSON.stringify(model[key])}; it is not known`);
  }
  const isByteLevel = hasType(json['decoder'], 'ByteLevel');
  const normalizer = readNormalizer(json['normalizer'] ?? null, isByteLevel, refuse);
  refuseFlags(model, isByteLevel, refuse);
  const table = new Table(path, size);
  for (const [token, id] of Object.entries(model['vocab'])) table.put(token, id, !isByteLevel && /^<0x[0-9A-F]{2}>$/.test(token) ? tokenType.byte : tokenType.normal);
  for (const added of Array.isArray(json['added_tokens']) ? json['added_tokens'] : []) table.putAdded(added, json['normalizer'] ?? null, refuse);
  const unk = model['unk_token'];
  return {
    model: isByteLevel ? 'gpt2' : 'llama', pre: 'tokenizer.json',
    ...(isByteLevel ? { splits: readSplits(json['pre_tokenizer'] ?? null, refuse), normalForm: normalizer.form } : { addsSpace: readPieceSpace(json['pre_tokenizer'] ?? null, normalizer, refuse) }),
    ignoresMerges: model['ignore_merges'] === true,
    tokens: table.tokens, tokenTypes: table.types,
    merges: model['merges'].map((merge) => (Array.isArray(merge) ? merge.join(' ') : String(merge))),
    bosToken: null, eosTokens: [], padToken: null,
    unkToken: typeof unk === 'string' && table.tokens.includes(unk) ? table.tokens.indexOf(unk) : null,
  };
}

type Refuse = (what: string) => never;

/**
 * Pieces: what has no piece is written in bytes, else one unknown token stands for all of it, and merges always count. Byte level: no byte pieces;
 * where there are none the flag changes nothing, and exported files have it set.
 */
function refuseFlags(model: Record_, isByteLevel: boolean, refuse: Refuse): void {
  const hasUnknown = typeof model['unk_token'] === 'string', hasBytes = Object.hasOwn(model['vocab'] as Record_, '<0x00>');
  const expected: Record<string, boolean> = isByteLevel ? { ...(hasBytes && { byte_fallback: false }) } : { byte_fallback: true, ...(hasUnknown && { fuse_unk: true }), ignore_merges: false };
  for (const [key, value] of Object.entries(expected)) {
    if ((model[key] ?? false) !== value) refuse(`model.${key} is ${JSON.stringify(model[key] ?? null)}; ${value} is known for ${isByteLevel ? 'byte-level BPE' : 'BPE over pieces'}`);
  }
}

class Table {
  readonly tokens: string[];
  readonly types: number[];
  readonly #path: string;

  constructor(path: string, size: number) {
    this.#path = path;
    this.tokens = new Array<string>(size).fill('');
    this.types = new Array<number>(size).fill(tokenType.unused);
  }

  put(token: string, id: Json | undefined, type: number): void {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= this.tokens.length) {
      throw new TextError('model_invalid', `${this.#path}: token ${JSON.stringify(token)} has id ${JSON.stringify(id) ?? 'none'}, the model has ${this.tokens.length} tokens`);
    }
    this.tokens[id] = token;
    this.types[id] = type;
  }

  putAdded(added: Json, normalizer: Json, refuse: Refuse): void {
    if (!isRecord(added) || typeof added['content'] !== 'string') return refuse(`added token ${JSON.stringify(added)}`);
    for (const key of ['lstrip', 'rstrip', 'single_word']) {
      if (added[key] === true) refuse(`added token ${JSON.stringify(added['content'])} with ${key}; it is not known`);
    }
    // Ours are looked for in the text as it was written.
    if (added['normalized'] === true && normalizer !== null) refuse(`added token ${JSON.stringify(added['content'])} is normalized, by ${JSON.stringify(normalizer)}; it is not known`);
    this.put(added['content'], added['id'], added['special'] === true ? tokenType.control : tokenType.userDefined);
  }
}

interface Normalizer { readonly form: 'NFC' | null; readonly replacesSpaces: boolean; readonly prepends: boolean }

function readNormalizer(json: Json, isByteLevel: boolean, refuse: Refuse): Normalizer {
  const parts = partsOf(json, 'normalizers');
  const isReplace = (part: Record_): boolean => part['type'] === 'Replace' && isRecord(part['pattern']) && part['pattern']['String'] === ' ' && part['content'] === '\u2581';
  const isPrepend = (part: Record_): boolean => part['type'] === 'Prepend' && part['prepend'] === '\u2581';
  for (const part of parts) {
    if (isByteLevel ? part['type'] !== 'NFC' : !isReplace(part) && !isPrepend(part)) refuse(`normalizer ${JSON.stringify(part)}; known: ${isByteLevel ? 'NFC' : 'Replace and Prepend of U+2581'}`);
  }
  return { form: parts.some((part) => part['type'] === 'NFC') ? 'NFC' : null, replacesSpaces: parts.some(isReplace), prepends: parts.some(isPrepend) };
}

/** Of pieces: that spaces become U+2581, and whether one is put in front. Splitting at spaces has nothing left to split. */
function readPieceSpace(json: Json, normalizer: Normalizer, refuse: Refuse): 'always' | 'unlessThere' | 'never' {
  let isMarked = normalizer.replacesSpaces, adds: 'always' | 'unlessThere' | 'never' = normalizer.prepends ? 'always' : 'never';
  for (const part of partsOf(json, 'pretokenizers')) {
    const isIdle = part['type'] === 'Split' && isRecord(part['pattern']) && part['pattern']['String'] === ' ' && normalizer.replacesSpaces;
    const scheme = part['prepend_scheme'];
    const isMetaspace = part['type'] === 'Metaspace' && part['replacement'] === '\u2581' && part['split'] === false && (scheme === 'always' || scheme === 'never');
    if (!isIdle && !isMetaspace) refuse(`pre_tokenizer ${JSON.stringify(part)}; known for pieces: Metaspace without split that prepends always or never`);
    isMarked ||= isMetaspace;
    if (scheme === 'always' && adds === 'never') adds = 'unlessThere';
  }
  return isMarked ? adds : refuse('neither normalizer nor pre_tokenizer writes spaces as U+2581');
}

function readSplits(json: Json, refuse: Refuse): string[] {
  const splits: string[] = [];
  for (const part of partsOf(json, 'pretokenizers')) {
    const type = part['type'];
    if (type === 'Digits') splits.push(part['individual_digits'] === true ? digits : digitRuns);
    else if (type === 'ByteLevel' && part['add_prefix_space'] !== true) splits.push(...(part['use_regex'] === false ? [] : [gpt2Pattern]));
    else if (type === 'Split' && isRecord(part['pattern']) && typeof part['pattern']['Regex'] === 'string' && keepsAll(part)) splits.push(translatePattern(part['pattern']['Regex']));
    else refuse(`pre_tokenizer ${JSON.stringify(part)}; known: Split by a regular expression, isolated; Digits; ByteLevel without a space in front`);
  }
  return splits;
}

/** What is between matches is a word too; "removed, inverted" says so of patterns that leave nothing between. */
function keepsAll(split: Record_): boolean {
  return (split['behavior'] === 'Isolated' && split['invert'] !== true) || (split['behavior'] === 'Removed' && split['invert'] === true);
}

function partsOf(json: Json, list: string): Record_[] {
  if (json === null) return [];
  if (!isRecord(json)) return [{ type: 'unknown' }];
  if (json['type'] !== 'Sequence') return [json];
  const parts = json[list];
  return Array.isArray(parts) ? parts.flatMap((part) => partsOf(part, list)) : [{ type: 'unknown' }];
}

function hasType(json: Json | undefined, type: string): boolean {
  return partsOf(json ?? null, 'decoders').some((part) => part['type'] === type);
}
