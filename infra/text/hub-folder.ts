import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { architectures } from './architectures.ts';
import type { MetadataValue, ModelFacts, TokenizerFacts } from './model-facts.ts';
import { type Json, isRecord } from './json.ts';
import { readTokenizerJson } from './tokenizer-json.ts';
import { TextError } from './text-error.ts';

const configBytesMax = 16_000_000;
const tokenizerBytesMax = 256_000_000;

/**
 * Reads a folder as the hub keeps models: config.json, generation_config.json, tokenizer.json, tokenizer_config.json and chat_template.jinja,
 * of which the first and the third are needed. `path` is the folder, or a .safetensors file in it.
 */
export function readFolder(path: string): ModelFacts {
  const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(path);
  const config = readRecord(join(folder, 'config.json'), configBytesMax);
  const generation = readOptional(join(folder, 'generation_config.json'));
  const settings = readOptional(join(folder, 'tokenizer_config.json'));
  const type = config['model_type'];
  const architecture = type === 'gemma3_text' ? 'gemma3' : type;
  if (typeof architecture !== 'string' || type === 'gemma3' || !architectures.includes(architecture)) {
    throw new TextError('model_unsupported', `${folder}: model_type ${JSON.stringify(type) ?? 'is missing'}; known: gemma3_text, ${architectures.filter((name) => name !== 'gemma3').join(', ')}`);
  }
  const size = wholeNumber(folder, config, 'vocab_size');
  const tokenizerPath = join(folder, 'tokenizer.json');
  const tokenizer = readTokenizerJson(tokenizerPath, readRecord(tokenizerPath, tokenizerBytesMax), size);
  const name = basename(resolve(folder));
  return {
    path, fileBytes: weightBytes(folder), architecture, name,
    metadata: metadataOf(architecture, config),
    contextLength: wholeNumber(folder, config, 'max_position_embeddings'),
    tokenizer: { ...tokenizer, ...specialIds(folder, [config, generation], settings, tokenizer) },
    chatTemplate: readTemplate(folder, settings),
  };
}

/** The files with weights: what names the model beside its configuration. */
export function weightFiles(folder: string): string[] {
  return readdirSync(folder).filter((file) => file.endsWith('.safetensors')).sort().map((file) => join(folder, file));
}

function weightBytes(folder: string): number {
  return weightFiles(folder).reduce((sum, file) => sum + statSync(file).size, 0);
}

function metadataOf(architecture: string, config: Record<string, Json>): Map<string, MetadataValue> {
  const names = { block_count: 'num_hidden_layers', embedding_length: 'hidden_size', 'attention.head_count': 'num_attention_heads', 'attention.head_count_kv': 'num_key_value_heads', 'attention.key_length': 'head_dim' };
  const found = Object.entries(names).flatMap(([ours, theirs]) => (typeof config[theirs] === 'number' ? [[`${architecture}.${ours}`, config[theirs]] as const] : []));
  return new Map<string, MetadataValue>(found);
}

/** Ids from the configurations, and from the names in tokenizer_config.json. */
function specialIds(folder: string, configs: readonly Record<string, Json>[], settings: Record<string, Json>, tokenizer: TokenizerFacts): Pick<TokenizerFacts, 'bosToken' | 'eosTokens' | 'unkToken' | 'padToken'> {
  const named = (key: string): number | null => {
    const value = settings[key];
    const text = isRecord(value) ? value['content'] : value;
    const id = typeof text === 'string' ? tokenizer.tokens.indexOf(text) : -1;
    return id < 0 ? null : id;
  };
  const given = (key: string): number[] => configs.flatMap((config) => idsOf(folder, key, config[key], tokenizer.tokens.length));
  const eos = [named('eos_token'), ...given('eos_token_id')].filter((id) => id !== null);
  return { bosToken: named('bos_token') ?? given('bos_token_id')[0] ?? null, eosTokens: [...new Set(eos)], unkToken: named('unk_token') ?? tokenizer.unkToken, padToken: named('pad_token') };
}

function idsOf(folder: string, key: string, value: Json | undefined, size: number): number[] {
  if (value === undefined || value === null) return [];
  const ids = Array.isArray(value) ? value : [value];
  for (const id of ids) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= size) throw new TextError('model_invalid', `${folder}: ${key} is ${JSON.stringify(id)}, the vocabulary has ${size} tokens`);
  }
  return ids as number[];
}

/** A file of its own is newer than the setting; of several templates the one called default. */
function readTemplate(folder: string, settings: Record<string, Json>): string | null {
  const file = join(folder, 'chat_template.jinja');
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return readText(file, configBytesMax);
  const value = settings['chat_template'];
  if (typeof value === 'string') return value;
  const named = Array.isArray(value) ? value.find((item) => isRecord(item) && item['name'] === 'default') : undefined;
  return isRecord(named) && typeof named['template'] === 'string' ? named['template'] : null;
}

function wholeNumber(folder: string, config: Record<string, Json>, key: string): number {
  const value = config[key];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 2 ** 24) return value;
  throw new TextError('model_invalid', `${folder}: ${key} ${value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`}; a number from 1 to ${2 ** 24} is needed`);
}

function readOptional(path: string): Record<string, Json> {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? readRecord(path, configBytesMax) : {};
}

function readRecord(path: string, bytesMax: number): Record<string, Json> {
  const text = readText(path, bytesMax);
  try {
    const value = JSON.parse(text) as Json;
    if (isRecord(value)) return value;
  } catch (error) {
    throw new TextError('model_invalid', `${path}: ${(error as Error).message}`);
  }
  throw new TextError('model_invalid', `${path}: an object is needed`);
}

function readText(path: string, bytesMax: number): string {
  let bytes: number;
  try {
    bytes = statSync(path).size;
    if (bytes <= bytesMax) return readFileSync(path, 'utf8');
  } catch (error) {
    throw new TextError('model_unreadable', `cannot read ${path}: ${(error as Error).message}`);
  }
  throw new TextError('model_unsupported', `${path} has ${bytes} bytes; up to ${bytesMax} are read`);
}
