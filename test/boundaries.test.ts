// Who may import whom. The compiler keeps platform types out of core and driver; this keeps modules out.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';

interface Import {
  readonly specifier: string;
  /** Erased by the compiler, so it cannot make a cycle at run time. */
  readonly typeOnly: boolean;
}

const packages = join(__dirname, '..', 'packages');

const allowed: Record<string, RegExp | null> = {
  core: null,
  driver: /^@halfpipe\/core$/,
  node: /^(node:.+|@halfpipe\/(core|driver))$/,
  deno: /^@halfpipe\/(core|driver)$/,
  'web-streams': /^@halfpipe\/(core|driver)$/,
  testing: /^@halfpipe\/(core|driver)$/,
  llhttp: /^(@halfpipe\/core|llhttp-wasm)$/,
};

const names = Object.keys(allowed);

function sources(name: string): string[] {
  return readdirSync(join(packages, name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(packages, name, 'src', path));
}

function importsOf(path: string): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node | undefined, typeOnly: boolean) => {
    if (node !== undefined && ts.isStringLiteralLike(node)) found.push({ specifier: node.text, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly === true);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isExternalModuleReference(node)) add(node.expression, false);
    else if (ts.isCallExpression(node) && isLoader(node.expression)) add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022));
  return found;
}

function isLoader(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
}

const isRelative = (specifier: string) => /^\.\.?\//.test(specifier);

/** `<package>/src/<file> imports <specifier>` for each import that `refused` picks. */
function listed(name: string, refused: (found: Import, path: string) => boolean): string[] {
  return sources(name).flatMap((path) =>
    importsOf(path)
      .filter((found) => refused(found, path))
      .map((found) => `${relative(packages, path)} imports ${found.specifier}`),
  );
}

/** The first cycle met, as file names, or null. */
function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const trail: string[] = [];
  const walk = (path: string): string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return null;
    trail.push(path);
    for (const next of graph.get(path) ?? []) {
      const cycle = walk(next);
      if (cycle !== null) return cycle;
    }
    trail.pop();
    done.add(path);
    return null;
  };
  for (const path of graph.keys()) {
    const cycle = walk(path);
    if (cycle !== null) return cycle;
  }
  return null;
}

test('every package has its boundaries written here', () => {
  const folders = readdirSync(packages, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map((entry) => entry.name).sort()).toEqual([...names].sort());
});

test.each(names)('%s imports only the modules it may', (name) => {
  const pattern = allowed[name] ?? null;
  expect(listed(name, ({ specifier }) => !isRelative(specifier) && pattern?.test(specifier) !== true)).toEqual([]);
});

test.each(names)('%s has no relative import that leaves its src or omits .ts', (name) => {
  const src = join(packages, name, 'src') + sep;
  const leaves = (path: string, specifier: string) => !join(dirname(path), specifier).startsWith(src);
  expect(
    listed(
      name,
      ({ specifier }, path) => isRelative(specifier) && (leaves(path, specifier) || !specifier.endsWith('.ts')),
    ),
  ).toEqual([]);
});

test.each(names)('%s has no cycle among its modules, types aside', (name) => {
  const graph = new Map(
    sources(name).map((path) => [
      path,
      importsOf(path)
        .filter(({ specifier, typeOnly }) => isRelative(specifier) && !typeOnly)
        .map(({ specifier }) => join(dirname(path), specifier)),
    ]),
  );
  expect(cycleIn(graph)?.map((path) => relative(packages, path)) ?? null).toBeNull();
});
