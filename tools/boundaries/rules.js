// The layers of the project and their allowed imports, as rules for ESLint. Every package.json
// names its layer in nx.tags. Format libraries also name themselves, because imports among them
// only go downwards.

/** Format libraries from the bottom to the top: each may import those before it. */
const formats = ['bytes', 'codec', 'elf', 'btf', 'dwarf', 'extras', 'unpack', 'carrier'];

/** Layer → the layers that it may import (its own only if listed). */
const layers = {
  contract: [],
  domain: ['format', 'contract'],
  adapter: ['domain', 'contract', 'client'],
  client: ['contract'],
  platform: ['format', 'contract', 'domain'],
  service: ['format', 'contract', 'domain', 'adapter', 'client', 'platform'],
  app: ['format', 'contract', 'domain', 'adapter', 'client', 'platform', 'service'],
  'whole-way': ['format', 'contract', 'domain', 'adapter', 'client', 'platform', 'testing', 'tool'],
  page: ['client', 'contract'],
  testing: ['format', 'contract', 'domain'],
  tool: ['format', 'contract', 'domain', 'adapter', 'client', 'platform', 'testing', 'tool'],
};

/** Layer or format library → the npm packages that it may import; Node's own modules are free. */
const vendors = {
  'format:bytes': [],
  'format:codec': ['libdeflate', 'node-liblzma/wasm'],
  'format:elf': [],
  'format:btf': [],
  'format:dwarf': [],
  'format:extras': [],
  'format:unpack': [],
  'format:carrier': ['asn1js'],
  'layer:contract': ['zod'],
  'layer:domain': [],
  'layer:client': [],
  'layer:page': ['zod', 'vite'],
  'layer:platform': ['express', 'pino', 'prom-client', 'piscina', 'zod'],
};

/** Additional imports for tests. */
const forTests = {
  projects: ['layer:testing', 'layer:tool'],
  packages: ['vitest', 'fast-check', 'eventsource'],
};

function constraints({ projects, packages }) {
  const may = [
    ...formats.map((name, rank) => [
      `format:${name}`,
      formats.slice(0, rank).map((lower) => `format:${lower}`),
    ]),
    ...Object.entries(layers).map(([layer, allowed]) => [
      `layer:${layer}`,
      allowed.map((other) => `layer:${other}`),
    ]),
  ];
  return may.map(([sourceTag, allowed]) => {
    const rule = { sourceTag, onlyDependOnLibsWithTags: [...allowed, ...projects] };
    const own = vendors[sourceTag];
    return own ? { ...rule, allowedExternalImports: [...own, ...packages] } : rule;
  });
}

const common = {
  banTransitiveDependencies: true,
  allow: [],
  // libs/testing imports the ports and formats that it tests, and their own tests import it.
  ignoredCircularDependencies: [...formats, 'contracts', 'depot'].map((name) => [
    '@btf-depot/testing',
    `@btf-depot/${name}`,
  ]),
};

/** Options of @nx/enforce-module-boundaries for the sources. */
export const boundaries = {
  ...common,
  depConstraints: constraints({ projects: [], packages: [] }),
};

/** The same for tests, which also use the contract suites and the tools that provide services. */
export const testBoundaries = {
  ...common,
  depConstraints: constraints(forTests),
};

/** Format, contract and domain code opens no file: callers give it bytes. */
export const withoutFileSystem = {
  files: [
    ...formats.map((name) => `libs/${name}/**/*.ts`),
    'libs/contracts/**/*.ts',
    'libs/depot/**/*.ts',
  ],
  imports: {
    paths: ['fs', 'fs/promises', 'node:fs', 'node:fs/promises'].map((name) => ({
      name,
      message: 'Only adapters, services and apps open files: take bytes or a Source.',
    })),
  },
};
