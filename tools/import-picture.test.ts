import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const world = mkdtempSync(join(tmpdir(), 'slackwater-imports-'));
afterAll(() => rmSync(world, { recursive: true, force: true }));

const broken = judge({
  'schemas/messages.ts': '',
  'schemas/gen/slackwater.js': '',
  'schemas/codec.ts': "import './gen/slackwater.js';",
  'schemas/upward.ts': "import '../actors/trace/trace.ts';",
  'actors/lib/logic.ts': "import '../../schemas/messages.ts';",
  'actors/trace/trace.ts': "import '../lib/logic.ts'; import './runs.ts';",
  'actors/trace/runs.ts': '',
  'actors/tier/tier.ts': "import type { T } from '../trace/trace.ts'; export type U = T;",
  'actors/tier/path.ts': "import 'node:path';",
  'actors/tier/gen.ts': "import '../../schemas/gen/slackwater.js';",
  'actors/tier/tier.test.ts': "import '../trace/trace.ts'; import 'node:path'; import '../../test/sim/world.ts';",
  'actors/host/host.ts': "import '../trace/trace.ts'; import '../tier/tier.ts';",
  'actors/block/do.ts': "import '../../infra/nats/bus.ts';",
  'kernels/native.ts': '',
  'kernels/addon/inner.ts': "import '../../schemas/messages.ts';",
  'infra/nats/bus.ts': "import '../../actors/trace/trace.ts'; import '../../kernels/native.ts';",
  'infra/nats/inner.ts': "import '../../kernels/addon/inner.ts';",
  'infra/nats/upward.ts': "import '../main/cli.ts';",
  'infra/nats/sim.ts': "import '../../test/sim/world.ts';",
  'infra/main/cli.ts': "import '../nats/bus.ts'; import './gone.ts';",
  'test/sim/world.ts': "import '../../infra/main/cli.ts'; import '../../actors/trace/trace.ts';",
});

describe('import picture', () => {
  it.each([
    ['schemas-import-nothing-of-ours', 'schemas/upward.ts'],
    ['actors-do-not-know-each-other', 'actors/tier/tier.ts'],
    ['actors-touch-no-platform', 'actors/tier/path.ts'],
    ['generated-code-stays-behind-the-codec', 'actors/tier/gen.ts'],
    ['actors-import-only-schemas', 'actors/block/do.ts'],
    ['kernels-import-nothing-of-ours', 'kernels/addon/inner.ts'],
    ['of-kernels-only-native-is-seen', 'infra/nats/inner.ts'],
    ['nothing-imports-main', 'infra/nats/upward.ts'],
    ['nothing-imports-tests-or-tools', 'infra/nats/sim.ts'],
    ['everything-imported-exists', 'infra/main/cli.ts'],
  ])('%s: %s is refused', (rule, from) => {
    expect(broken).toContain(`${rule} ${from}`);
  });

  it('nothing else is: own folder, lib, schemas, the host, tests and the simulator are free', () => {
    expect(broken).toHaveLength(10);
  });
});

/** `rule file` for each arrow that the repository's own rules refuse in a little repository of these files. */
function judge(files: Record<string, string>): string[] {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(world, path)), { recursive: true });
    writeFileSync(join(world, path), `${text}\nexport type T = 1;\n`);
  }
  const child = spawnSync(join(root, 'node_modules/.bin/depcruise'),
    ['--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', 'actors', 'schemas', 'kernels', 'infra', 'test'],
    { cwd: world, encoding: 'utf8', timeout: 30_000 });
  const report = JSON.parse(child.stdout) as { summary: { violations: { rule: { name: string }; from: string }[] } };
  return report.summary.violations.map((violation) => `${violation.rule.name} ${violation.from}`).sort();
}
