import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log is put aside at the next start when it has grown past this, so at most twice of it is kept. */
const logBytesMax = 16 * 1024 * 1024;
/** Enough for a stack trace and the lines before it. */
const tailBytes = 4_096;

/** Opens a log for appending and says where the new run begins in it. */
export function openLog(path: string): { descriptor: number; startByte: number } {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let descriptor = openSync(path, 'a', 0o600);
  let startByte = fstatSync(descriptor).size;
  if (startByte > logBytesMax) {
    closeSync(descriptor);
    renameSync(path, `${path}.1`);
    descriptor = openSync(path, 'a', 0o600);
    startByte = 0;
  }
  return { descriptor, startByte };
}

/** The end of what was written since `startByte`: what a person needs to see when something failed. */
export function logTail(path: string, startByte: number): string {
  const descriptor = openSync(path, 'r');
  try {
    const from = Math.max(startByte, fstatSync(descriptor).size - tailBytes);
    const buffer = Buffer.alloc(tailBytes);
    const length = readSync(descriptor, buffer, 0, tailBytes, from);
    return buffer.toString('utf8', 0, length).trimEnd();
  } finally {
    closeSync(descriptor);
  }
}
