import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const isFull = process.env['SLACKWATER_FULL'] === '1';

/** The Node of the machine, not ours: an installed package must find its own way to a Node that can run it. */
const machinePath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules')).join(delimiter);
const cache = process.env['SLACKWATER_CACHE'] ?? join(root, '.cache');
const env = { PATH: machinePath, HOME: process.env['HOME'] ?? '', SLACKWATER_CACHE: cache };

describe('the package, installed elsewhere', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'slackwater-pack-'));
  const installed = join(elsewhere, 'node_modules/slackwater');
  let files: string[] = [];

  beforeAll(async () => {
    const packed = await run('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', elsewhere], { cwd: root, env });
    const [tarball] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('['))) as { filename: string; files: { path: string }[] }[];
    files = tarball!.files.map((file) => file.path);
    writeFileSync(join(elsewhere, 'package.json'), '{ "name": "elsewhere", "private": true, "type": "module" }');
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', join(elsewhere, tarball!.filename)], { cwd: elsewhere, env });
    if (isFull) {
      await run('npx', ['slackwater', 'setup', '--quiet'], { cwd: elsewhere, env });
    } else { // the same addon, without the minutes of building it
      mkdirSync(join(installed, 'build'));
      copyFileSync(join(root, 'build/slackwater.node'), join(installed, 'build/slackwater.node'));
    }
  }, isFull ? 900_000 : 120_000);
  afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

  it('carries what runs and what builds the engine, and nothing else', () => {
    const outside = files.filter((path) => !/^(dist\/.*\.(js|d\.ts|json|html|css|svg|yaml)|infra\/main\/bin\.mjs|tools\/setup\/\w+\.mjs|kernels\/.*(\.(cpp|h|inc)|CMakeLists\.txt)|LICENSE|README\.md|package\.json)$/.test(path));
    expect(outside).toEqual([]);
    expect(files.filter((path) => /_(test|bench)\.cpp$|\.test\.|golden/.test(path))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['dist/infra/main/cli.js', 'dist/infra/client/index.d.ts', 'dist/schemas/gen/slackwater.js', 'kernels/CMakeLists.txt', 'tools/setup/main.mjs', 'LICENSE']));
  });

  it('`slackwater doctor` finds Node, the engine, the server and the model', async () => {
    const { stdout } = await run('npx', ['slackwater', 'doctor'], { cwd: elsewhere, env });
    expect(stdout).toMatch(/node/i);
  });

  it('`slackwater doctor` says what is missing when the cache is empty, and exits with another code', async () => {
    const failed = await run('npx', ['slackwater', 'doctor'], { cwd: elsewhere, env: { ...env, SLACKWATER_CACHE: join(elsewhere, 'no-cache') } }).then(() => null, (error: { code: number; stdout: string }) => error);
    expect(failed?.code).toBeGreaterThan(0);
    expect(failed?.stdout).toMatch(/nats-server|model/);
  });

  it('`slackwater setup` has nothing to do but what was asked, without a lock file of its own', async () => {
    const { stderr } = await run('npx', ['slackwater', 'setup', '--need', 'packages,nats,model'], { cwd: elsewhere, env });
    expect(stderr.split('\n').filter((line) => line.startsWith('set-up:'))).toEqual([]);
  });

  it('the client can be imported, and its types resolve without our sources', async () => {
    const { stdout } = await run('node', ['-e', "import('slackwater/client').then((client) => console.log(Object.keys(client).join(' ')))"], { cwd: elsewhere, env });
    expect(stdout.trim()).not.toBe('');
    const [name] = stdout.trim().split(' ');
    mkdirSync(join(elsewhere, 'node_modules/@types'), { recursive: true });
    if (!existsSync(join(elsewhere, 'node_modules/@types/node'))) symlinkSync(join(root, 'node_modules/@types/node'), join(elsewhere, 'node_modules/@types/node'));
    // `any` would accept the number: the error is expected, and so is its absence an error.
    writeFileSync(join(elsewhere, 'use.ts'), `import * as client from 'slackwater/client';\n// @ts-expect-error: a real type came through\nexport const x: 1 = client.${name};\n`);
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck', 'false', '--types', 'node', 'use.ts'], { cwd: elsewhere })
      .catch((error: { stdout: string }) => { throw new Error(error.stdout); });
  });
});
