import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Fault } from '@aisbf/faults';
import {
  Busboy,
  type BusboyFileStream,
  type BusboyHeaders,
  type BusboyInstance,
} from '@fastify/busboy';
import { faults } from '../domain/faults.js';
import type { Form, FormPart } from '../domain/form.js';

/** How much one form may hold, and where its files lie while it is served. */
export class UploadLimits {
  constructor(
    readonly folder: string,
    readonly bytesMax: number,
    readonly uploadsMax: number,
  ) {}
}

/** No endpoint takes so many: sixteen pictures and a mask, and their fields. */
const filesMax = 17;
const fieldsMax = 64;
const fieldBytesMax = 1_048_576;
const nameBytesMax = 256;

export type Upload = Readonly<{ form: Form; discard: () => Promise<void> }>;

/**
 * Takes a form apart while it comes: files go to the disk as they are read, so that neither their size nor how many
 * come at once is a matter of memory, and so that they can be sent more than once.
 */
export async function receiveForm(
  headers: IncomingHttpHeaders,
  body: Readable,
  limits: UploadLimits,
): Promise<Upload> {
  const folder = await mkdtemp(join(limits.folder, 'aisbf-upload-'));
  const discard = () => rm(folder, { recursive: true, force: true });
  try {
    const reading = new FormReading(folder, limits.bytesMax);
    return { form: await reading.run(headers, body), discard };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** A part, and what tells it from every other. */
type ReadPart = Readonly<{ part: FormPart; says: readonly string[] }>;

function formOf(read: readonly ReadPart[]): Form {
  const digests = read.map(({ says }) => JSON.stringify(says));
  const digest = createHash('sha256').update(JSON.stringify(digests)).digest('hex');
  return { parts: read.map(({ part }) => part), digest };
}

class FormReading {
  /** In the order of the form; a file is there when all of it has been written. */
  private readonly parts: (ReadPart | Promise<ReadPart>)[] = [];
  private readonly files: Readable[] = [];
  private readonly end = Promise.withResolvers<void>();
  private fileBytes = 0;

  constructor(
    private readonly folder: string,
    private readonly bytesMax: number,
  ) {}

  async run(headers: IncomingHttpHeaders, body: Readable): Promise<Form> {
    const busboy = this.busboyFor(headers);
    this.listenTo(busboy, body);
    body.pipe(busboy);
    try {
      await this.end.promise;
      return formOf(await Promise.all(this.parts));
    } catch (error) {
      // What is left is read and dropped: closed under its sender, the connection would lose the answer too.
      body.unpipe(busboy);
      body.resume();
      for (const file of this.files) file.destroy();
      await Promise.allSettled(this.parts);
      throw error instanceof Fault ? error : faults.FORM_INVALID({}, { cause: error });
    }
  }

  private listenTo(busboy: BusboyInstance, body: Readable): void {
    const { resolve, reject } = this.end;
    const refuse = (): void => reject(faults.FORM_TOO_LARGE());
    busboy.on('field', (name, value, isNameCut, isValueCut) => {
      if (isNameCut || isValueCut) refuse();
      else this.parts.push({ part: { kind: 'field', name, value }, says: [name, value] });
    });
    busboy.on('file', (name, stream, filename, _encoding, contentType) => {
      this.files.push(stream);
      const file = this.readFile(stream, { name, filename: filename ?? 'upload', contentType });
      file.catch(reject);
      this.parts.push(file);
    });
    for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
      busboy.on(limit, refuse);
    }
    busboy.on('finish', resolve);
    busboy.on('error', reject);
    body.on('error', reject);
    body.on('close', () => {
      if (!body.readableEnded) reject(new Error('the form broke off'));
    });
  }

  private busboyFor(headers: IncomingHttpHeaders): BusboyInstance {
    try {
      return new Busboy({
        headers: headers as BusboyHeaders,
        limits: {
          files: filesMax,
          fields: fieldsMax,
          fieldSize: fieldBytesMax,
          fieldNameSize: nameBytesMax,
          fileSize: this.bytesMax,
        },
      });
    } catch (error) {
      throw faults.FORM_INVALID({}, { cause: error });
    }
  }

  private async readFile(
    stream: BusboyFileStream,
    { name, filename, contentType }: { name: string; filename: string; contentType: string },
  ): Promise<ReadPart> {
    const path = join(this.folder, randomUUID());
    const { bytes, sha256 } = await this.save(stream, path);
    const open = () => createReadStream(path);
    return {
      part: { kind: 'file', name, filename, contentType, bytes, open },
      says: [name, filename, sha256],
    };
  }

  private async save(
    stream: BusboyFileStream,
    path: string,
  ): Promise<Readonly<{ bytes: number; sha256: string }>> {
    const hash = createHash('sha256');
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      this.fileBytes += chunk.length;
      hash.update(chunk);
    });
    await pipeline(stream, createWriteStream(path));
    if (stream.truncated || this.fileBytes > this.bytesMax) throw faults.FORM_TOO_LARGE();
    return { bytes, sha256: hash.digest('hex') };
  }
}
