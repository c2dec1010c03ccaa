import { createHash, type Hash, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Readable, Writable } from 'node:stream';
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
import type { Spool, Spools } from '../services/spools.js';

/** How much one form may hold, and how many there may be. */
export class UploadLimits {
  constructor(
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

export type UploadTerms = Readonly<{
  spools: Spools;
  bytesMax: number;
  /** Whether it is to be told from every other form. */
  isHashed: boolean;
}>;

/**
 * Takes a form apart while it comes: its files are spooled as they are read, so that neither their size nor how many come
 * at once is a matter of memory, and so that they can be sent more than once.
 */
export async function receiveForm(
  headers: IncomingHttpHeaders,
  body: Readable,
  terms: UploadTerms,
): Promise<Upload> {
  const reading = new FormReading(terms);
  const discard = () => reading.discard();
  try {
    return { form: await reading.run(headers, body), discard };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** A part, and what tells it from every other. */
type ReadPart = Readonly<{ part: FormPart; says: readonly string[] }>;

function formOf(read: readonly ReadPart[], isHashed: boolean): Form {
  const parts = read.map(({ part }) => part);
  const form = { parts, boundary: `aisbf-${randomUUID().replaceAll('-', '')}` };
  if (!isHashed) return form;
  const digests = read.map(({ says }) => JSON.stringify(says));
  const digest = createHash('sha256').update(JSON.stringify(digests)).digest('hex');
  return { ...form, digest };
}

class FormReading {
  /** In the order of the form; a file is there when all of it is kept. */
  private readonly parts: (ReadPart | Promise<ReadPart>)[] = [];
  private readonly files: Readable[] = [];
  private readonly spooled: Spool[] = [];
  private readonly end = Promise.withResolvers<void>();
  private fileBytes = 0;

  constructor(private readonly terms: UploadTerms) {}

  async discard(): Promise<void> {
    await Promise.all(this.spooled.map((spool) => spool.discard()));
  }

  async run(headers: IncomingHttpHeaders, body: Readable): Promise<Form> {
    const busboy = this.busboyFor(headers);
    this.listenTo(busboy, body);
    body.pipe(busboy);
    try {
      await this.end.promise;
      return formOf(await Promise.all(this.parts), this.terms.isHashed);
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
          fileSize: this.terms.bytesMax,
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
    const spool = this.terms.spools.begin();
    this.spooled.push(spool);
    const hash = this.terms.isHashed ? createHash('sha256') : undefined;
    await this.keep(stream, spool, hash);
    const { bytes } = spool;
    const open = () => spool.open();
    const read: Spool['read'] = (into, from) => spool.read(into, from);
    return {
      part: { kind: 'file', name, filename, contentType, bytes, open, read },
      says: [name, filename, hash?.digest('hex') ?? ''],
    };
  }

  private async keep(
    stream: BusboyFileStream,
    spool: Spool,
    hash: Hash | undefined,
  ): Promise<void> {
    const { bytesMax } = this.terms;
    const kept = new Writable({
      write: (piece: Buffer, _encoding, done) => {
        this.fileBytes += piece.length;
        hash?.update(piece);
        if (this.fileBytes > bytesMax) done(faults.FORM_TOO_LARGE());
        else spool.write(piece).then(() => done(), done);
      },
    });
    await pipeline(stream, kept);
    if (stream.truncated) throw faults.FORM_TOO_LARGE();
  }
}
