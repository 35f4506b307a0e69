import { describe, expect, it } from 'vitest';
import { checkFile } from './check.ts';
import { codeOnly } from './code.ts';

const found = (path: string, text: string) => checkFile(path, text).map((finding) => `${finding.line} ${finding.ban}`);

describe('tidy: bans in actors', () => {
  it.each([
    ['clock', 'const at = Date.now();'],
    ['clock', 'const at = new Date(0);'],
    ['chance', 'const id = Math.random();'],
    ['timer', 'setTimeout(f, 10);'],
    ['process', 'if (process.env.X) f();'],
    ['console', 'console.log(1);'],
    ['await', 'export async function f() {}'],
    ['platform', "import { join } from 'node:path';"],
    ['xstate-actor', 'const actor = createActor(machine);'],
  ])('%s is found', (ban, line) => {
    expect(found('actors/trace/trace.ts', `const x = 1;\n${line}`)).toEqual([`2 ${ban}`]);
  });

  it('the same words outside actors, and in an actor\'s test, are nobody\'s business', () => {
    const text = "import { join } from 'node:path';\nawait join(String(Date.now()), process.cwd());";
    expect(found('infra/nats/bus.ts', text)).toEqual([]);
    expect(found('actors/trace/trace.test.ts', text)).toEqual([]);
  });

  it('the host may await, and nothing else', () => {
    expect(found('actors/host/host.ts', 'await save();\nDate.now();')).toEqual(['2 clock']);
  });

  it('comments and strings are not code, code inside a template is', () => {
    expect(found('actors/tier/tier.ts', "// no Date.now() here\n/* setTimeout\n await */ f('Math.random()');")).toEqual([]);
    expect(found('actors/tier/tier.ts', 'f(`await ${Date.now()} await`);')).toEqual(['1 clock']);
  });

  it('a pardon needs the ban\'s name and a reason', () => {
    expect(found('actors/tier/tier.ts', 'Date.now(); // tidy-allow: clock, the demo prints it')).toEqual([]);
    expect(found('actors/tier/tier.ts', 'Date.now(); // tidy-allow: clock')).toEqual(['1 clock']);
    expect(found('actors/tier/tier.ts', 'Date.now(); // tidy-allow: chance, wrong name')).toEqual(['1 clock']);
  });
});

describe('tidy: bans everywhere', () => {
  it('a TODO without a condition is found, one with a condition is not', () => {
    const word = 'TODO';
    expect(found('kernels/lib/a.cpp', `// ${word} make this faster\n// ${word} when AMX lands: a tile path`)).toEqual(['1 bare-todo']);
  });

  it('a path of one machine is found, a path inside the repository is not', () => {
    const home = ['', 'home', 'me', 'x'].join('/');
    expect(found('infra/a.ts', `open('${home}');\nopen('./home/me');\nimport('../work/x.ts');`)).toEqual(['1 machine-path']);
  });

  it('an address in the lock file is found', () => {
    expect(found('package-lock.json', '{ "resolved": "https://example.org/a.tgz" }')).toEqual(['1 lock-address']);
  });
});

describe('tidy: code without comments and strings', () => {
  it('a backtick that ends a comment opens and closes nothing', () => {
    expect(codeOnly('`${a // x`\n}` + b')).toBe('   a      \n   + b');
  });

  it('keeps every line where it was', () => {
    const text = "a /* b\nc */ d 'e\\'f' \"g\" // h\n`i ${j + `k ${l}`} m` n";
    expect(codeOnly(text).split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '))).toEqual(['a', 'd', 'j + l n']);
    expect(codeOnly(text).length).toBe(text.length);
  });

  it('an unclosed quote ends with its line', () => {
    expect(codeOnly("/it's/\nDate.now()")).toBe("/it   \nDate.now()");
  });
});
