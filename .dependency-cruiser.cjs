// The import picture: infra/main → infra → actors → schemas, and infra → kernels/native.ts. Each rule is an arrow that must not exist.
const tests = '\\.(test|bench)\\.ts$|(^|/)(fixtures|testing)/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    rule('schemas-import-nothing-of-ours', { path: '^schemas/', pathNot: tests }, { path: '^(actors|infra|kernels)/' }),
    // codec.ts is the border; wire.ts and bodies.ts are its insides
    rule('generated-code-stays-behind-the-codec', { path: '^(actors|schemas|infra|kernels)/', pathNot: '^schemas/(codec|bodies|wire|gen/)' }, { path: '^schemas/gen/' }),
    rule('actors-import-only-schemas', { path: '^actors/', pathNot: tests }, { path: '^(infra|kernels)/' }),
    rule('actors-do-not-know-each-other', { path: '^actors/(?!host/)([^/]+)/', pathNot: tests }, { path: '^actors/', pathNot: '^actors/($1|lib)/' }),
    rule('actors-touch-no-platform', { path: '^actors/', pathNot: tests }, { dependencyTypes: ['core'] }),
    rule('actors-use-no-package-but-xstate', { path: '^actors/', pathNot: tests }, { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'], pathNot: '^node_modules/xstate/' }),
    rule('kernels-import-nothing-of-ours', { path: '^kernels/', pathNot: tests }, { path: '^(actors|schemas|infra)/' }),
    rule('of-kernels-only-native-is-seen', { path: '^(actors|schemas|infra)/' }, { path: '^kernels/', pathNot: '^kernels/native\\.ts$' }),
    rule('nothing-imports-main', { path: '^(actors|schemas|kernels|infra/(?!main/))', pathNot: tests }, { path: '^infra/main/' }),
    rule('nothing-imports-tests-or-tools', { path: '^(actors|schemas|kernels|infra)/', pathNot: tests }, { path: `^(test|tools)/|${tests}` }),
    rule('everything-imported-exists', {}, { couldNotResolve: true }),
  ],
  options: {
    parser: 'swc', // TypeScript 7 has no JavaScript API; swc sees `import type` as well
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|build|\\.cache)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};

function rule(name, from, to) {
  return { name, severity: 'error', from, to };
}
