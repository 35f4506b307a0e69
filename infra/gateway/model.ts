import { Detokenizer } from '../text/detokenizer.ts';
import { digestFile } from '../text/digest.ts';
import { readGguf } from '../text/gguf.ts';
import { TextPool } from '../text/pool.ts';
import { SpliceMemory } from '../text/splice-memory.ts';
import { TextError } from '../text/text-error.ts';
import { Vocabulary } from '../text/vocabulary.ts';

/** What a gateway has of a model: its text side. The weights are the workers'. */
export interface GatewayModel {
  readonly name: string;
  readonly contextLength: number;
  /** Hex sha256 of the file: part of the salt of every block name. */
  readonly weights: string;
  readonly vocabulary: Vocabulary;
  readonly pool: TextPool;
  readonly splices: SpliceMemory;
  detokenizer(): Detokenizer;
}

/** What the workers' engine computes: a gateway of another model would take steps that nobody can run. */
const architectures: readonly string[] = ['llama'];

/** Reads the tokenizer of a GGUF. Throws TextError (`gguf_unreadable`, `gguf_invalid`, `gguf_unsupported`, `template_missing`, …). */
export async function openModel(name: string, path: string, cacheFolder: string): Promise<GatewayModel> {
  const gguf = readGguf(path);
  if (!architectures.includes(gguf.architecture)) throw new TextError('gguf_unsupported', `${path}: architecture '${gguf.architecture}'; known: ${architectures.join(', ')}`);
  const vocabulary = new Vocabulary(gguf);
  const splices = new SpliceMemory(vocabulary);
  const pool = new TextPool({ modelPath: path }, splices);
  const [weights] = await Promise.all([digestFile(path, cacheFolder), pool.ready()]);
  return { name, contextLength: gguf.contextLength, weights, vocabulary, pool, splices, detokenizer: () => new Detokenizer(vocabulary) };
}

/** The KV's number format is part of its salt; every CPU worker has this one. */
export const kvDtype = 'f16';
