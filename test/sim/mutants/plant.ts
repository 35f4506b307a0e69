import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Mutant, mutants } from './mutants.ts';

const repository = new URL('../../../', import.meta.url);

export function mutantNamed(name: string): Mutant {
  const mutant = mutants.find((known) => known.name === name);
  if (mutant === undefined) throw new RangeError(`no mutant "${name}"; there are ${mutants.map((known) => known.name).join(', ')}`);
  return mutant;
}

/** The file with the bug in it. Throws when the place is gone, or there twice: then the mutant must be written anew. */
export function mutated(mutant: Mutant, source: string): string {
  const places = source.split(mutant.find).length - 1;
  if (places !== 1) throw new Error(`mutant ${mutant.name}: ${places} places in ${mutant.file} are ${JSON.stringify(mutant.find)}; 1 is needed`);
  return source.replace(mutant.find, () => mutant.replace);
}

/** From here on this process loads the mutant's file with the bug in it; nothing on disk changes. Returns whether that has happened. */
export function plant(mutant: Mutant): () => boolean {
  const target = new URL(mutant.file, repository).href;
  let isPlanted = false;
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (url !== target) return loaded;
      const { source } = loaded;
      if (source == null) throw new Error(`mutant ${mutant.name}: ${fileURLToPath(url)} was loaded without a source`);
      isPlanted = true;
      return { ...loaded, source: mutated(mutant, typeof source === 'string' ? source : new TextDecoder().decode(source)) };
    },
  });
  return () => isPlanted;
}
