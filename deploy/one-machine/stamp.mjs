import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What lies in a package but is not built from. */
const notSources = new Set(['node_modules', 'dist', 'generated', '.turbo', 'coverage']);
const rootFiles = ['package.json', 'pnpm-workspace.yaml', 'turbo.json', 'tsconfig.base.json'];

/** Changes when another install is needed: other packages, or another kind of machine. */
export function installStamp(root) {
  const manifests = packageFolders(root).map((folder) => join(folder, 'package.json'));
  const files = ['pnpm-lock.yaml', ...rootFiles.slice(0, 2)].map((name) => join(root, name));
  return `${process.platform} ${process.arch} ${hash([...files, ...manifests])}`;
}

/** Changes when something that is built from has changed. */
export function buildStamp(root) {
  const roots = ['pnpm-lock.yaml', ...rootFiles].map((name) => join(root, name));
  return hash([...roots, ...packageFolders(root).flatMap(sources), ...looseFiles(root)]);
}

/** The packages of which a build leaves a `dist`. */
export function builtFolders(root) {
  return packageFolders(root).filter((folder) => {
    const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return scripts?.build !== undefined;
  });
}

/** As `pnpm-workspace.yaml` lists them. */
function packageFolders(root) {
  const parents = ['apps', 'libs', 'prisma'].map((name) => join(root, name));
  const folders = parents.flatMap((parent) => children(parent).map((name) => join(parent, name)));
  return [...folders, join(root, 'bench'), join(root, 'test')].filter((folder) =>
    existsSync(join(folder, 'package.json')),
  );
}

/** Scripts beside the packages that their builds use. */
function looseFiles(root) {
  return ['apps', 'libs', 'prisma'].flatMap((parent) =>
    children(join(root, parent))
      .filter((name) => name.endsWith('.mjs'))
      .map((name) => join(root, parent, name)),
  );
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return notSources.has(entry.name) ? [] : sources(path);
    return entry.isFile() && !entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

function children(folder) {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function hash(paths) {
  const digest = createHash('sha256');
  for (const path of [...paths].sort()) {
    const content = existsSync(path) ? readFileSync(path) : '';
    digest.update(`${path}\0${content.length}\0`).update(content);
  }
  return digest.digest('hex');
}
