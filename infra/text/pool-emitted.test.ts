import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { modelPath } from './golden/model-under-test.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'emitted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function emit(file: string): void {
  const source = stripTypeScriptTypes(readFileSync(join(root, file), 'utf8')).replace(/(from '\.[^']*)\.ts'/g, "$1.js'");
  const target = join(folder, file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, source);
}

describe('text pool as emitted JavaScript', () => {
  it('finds its thread and answers', () => {
    const own = readdirSync(join(root, 'infra/text')).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).map((name) => `infra/text/${name}`);
    for (const file of [...own, 'actors/lib/chain.ts', 'actors/lib/logic.ts', 'schemas/messages.ts']) emit(file);
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'main.js'), `
      import { readGguf } from './infra/text/gguf.js';
      import { messageChain } from './infra/text/message.js';
      import { TextPool } from './infra/text/pool.js';
      import { SpliceMemory } from './infra/text/splice-memory.js';
      import { Vocabulary } from './infra/text/vocabulary.js';
      const modelPath = process.argv[2];
      const pool = new TextPool({ modelPath }, new SpliceMemory(new Vocabulary(readGguf(modelPath))));
      const messages = [{ role: 'system', content: 'S' }, { role: 'user', content: 'Hi' }];
      const { tokens } = await pool.encode({ messages, chain: messageChain('t', 'm', messages) }, 30000);
      console.log([...tokens].join());
      await pool.close();`);
    const printed = execFileSync(process.execPath, [join(folder, 'main.js'), modelPath], { encoding: 'utf8', timeout: 60_000 });
    expect(printed.trim()).toBe('1,9690,198,67,2,198,1,4093,198,26843,2,198,1,520,9531,198');
  }, 60_000);
});
