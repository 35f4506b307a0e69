import { Detokenizer } from '../text/detokenizer.ts';
import { architectures } from '../text/architectures.ts';
import { digestModel } from '../text/digest.ts';
import { TextPool } from '../text/pool.ts';
import { readModel } from '../text/read-model.ts';
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

/** Reads the text side of a model, a GGUF or a folder. Throws TextError (`gguf_unreadable`, `gguf_invalid`, `gguf_unsupported`, `template_missing`, …). */
export async function openModel(name: string, path: string, cacheFolder: string): Promise<GatewayModel> {
  const facts = readModel(path);
  // A gateway of a model that no worker's engine computes would take steps that nobody can run.
  if (!architectures.includes(facts.architecture)) throw new TextError('gguf_unsupported', `${path}: architecture '${facts.architecture}'; known: ${architectures.join(', ')}`);
  const vocabulary = new Vocabulary(facts);
  const splices = new SpliceMemory(vocabulary);
  const pool = new TextPool({ modelPath: path }, splices);
  const [weights] = await Promise.all([digestModel(path, cacheFolder), pool.ready()]);
  return { name, contextLength: facts.contextLength, weights, vocabulary, pool, splices, detokenizer: () => new Detokenizer(vocabulary) };
}

/** The KV's number format is part of its salt; every CPU worker has this one. */
export const kvDtype = 'i16';
