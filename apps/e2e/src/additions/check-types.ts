// Runs in a copy of the project with the made-up additions. Prints the copy's type errors, and for
// each line of the additions whether its removal causes an error. That check reads only files that
// an addition touches: one error is enough for `tsc` to fail.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { withLine } from './addition.ts';
import { ADDITIONS } from './additions.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const originals = JSON.parse(readFileSync(0, 'utf8')) as Record<string, string>;

/** A project of the workspace, whose files can be replaced for one check. */
class Project {
  readonly #files = new Map<string, ts.SourceFile | undefined>();
  readonly #config: ts.ParsedCommandLine;
  readonly #replaced = new Map<string, ts.SourceFile>();
  #program: ts.Program | undefined;

  constructor(file: string) {
    const path = join(root, file);
    const read = ts.readConfigFile(path, (name) => ts.sys.readFile(name));
    const config: unknown = read.config;
    this.#config = ts.parseJsonConfigFileContent(config, ts.sys, join(path, '..'), {}, path);
    delete this.#config.options.incremental;
    delete this.#config.options.tsBuildInfoFile;
  }

  /**
   * @param only the files that are checked; absent: all but tests. @param texts instead of files.
   */
  errors(only?: readonly string[], texts: ReadonlyMap<string, string> = new Map()): string[] {
    const { fileNames: rootNames, options } = this.#config;
    this.#replaced.clear();
    for (const [name, text] of texts) {
      const path = join(root, name);
      this.#replaced.set(path, ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true));
    }
    const host = ts.createCompilerHost(options);
    const read = host.getSourceFile.bind(host);
    host.getSourceFile = (name, ...rest) => {
      const replaced = this.#replaced.get(name);
      if (replaced) return replaced;
      if (!this.#files.has(name)) this.#files.set(name, read(name, ...rest));
      return this.#files.get(name);
    };
    const program = ts.createProgram(rootNames, options, host, this.#program);
    this.#program = program;
    const files = only?.map((name) => program.getSourceFile(join(root, name)));
    const found = (files ?? program.getSourceFiles().filter(isOurs)).flatMap((file) =>
      file
        ? [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
        : [],
    );
    return found.map(
      ({ file, messageText }) =>
        `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  }
}

/** Tests are left out: they take as long again. */
function isOurs({ fileName }: ts.SourceFile): boolean {
  const isOfCopy = fileName.startsWith(root) && !fileName.includes('/node_modules/');
  return isOfCopy && !fileName.endsWith('.test.ts');
}

const projects = ['tsconfig.json', 'apps/catalogue/src/tsconfig.json'].map(
  (path) => new Project(path),
);
const errors = projects.flatMap((project) => project.errors());
const without = ADDITIONS.flatMap(({ what, files, lines }) => {
  const touched = [...Object.keys(files), ...lines.map(({ file }) => file)];
  return lines.map((left) => {
    const others = ADDITIONS.flatMap((one) => one.lines).filter(
      (line) => line !== left && line.file === left.file,
    );
    const text = others.reduce(withLine, originals[left.file]);
    const texts = new Map([[left.file, text]]);
    let error: string | undefined;
    for (const project of projects) error ??= project.errors(touched, texts).at(0);
    return { what, table: left.table, error };
  });
});
process.stdout.write(JSON.stringify({ errors, without }));
