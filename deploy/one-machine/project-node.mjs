import { existsSync } from 'node:fs';

const nodeMajor = 24;

/** The Node that runs the project: the one from npm where there is one for this machine, else our own. */
export function projectNode(root) {
  const installed = `${root}node_modules/node-${process.platform}-${process.arch}/bin/node`;
  if (existsSync(installed)) return installed;
  const ownMajor = Number(process.versions.node.split('.')[0]);
  return ownMajor >= nodeMajor ? process.execPath : undefined;
}
