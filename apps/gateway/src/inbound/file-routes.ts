import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { ListFiles } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { toFileObject, toPage } from '../domain/file-object.js';
import { readFileUpload } from '../domain/file-upload.js';
import { BuyerFiles } from '../services/buyer-files.js';
import { callerOf, invalidBody, readQuery } from './buyer-request.js';
import { FormDoor } from './form-door.js';

type ById = Readonly<{ id: string }>;

/** What is not known in a query is somebody else's. */
const FileQuery = z.object(ListFiles.shape);

/** OpenAI's files. */
@Injectable()
export class FileRoutes {
  constructor(
    private readonly files: BuyerFiles,
    private readonly forms: FormDoor,
  ) {}

  addTo(scope: FastifyInstance): void {
    scope.get('/files', (request, reply) => this.list(request, reply));
    scope.get('/files/:id', (request, reply) => this.show(request, reply));
    scope.get('/files/:id/content', (request, reply) => this.send(request, reply));
    scope.delete('/files/:id', (request, reply) => this.delete(request, reply));
    scope.register((forms, _options, done) => {
      // Forms are taken apart while they come.
      forms.addContentTypeParser('multipart/form-data', (_request, payload, parsed) =>
        parsed(null, payload),
      );
      forms.post('/files', (request, reply) => this.create(request, reply));
      done();
    });
  }

  /** Nothing of a file is read for somebody who cannot be a buyer. */
  private async create(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asking = callerOf(request);
    return this.forms.receive(request, async (form) => {
      const upload = readFileUpload(form);
      if ('code' in upload) throw invalidBody(upload);
      const id = `file-${randomUUID().replaceAll('-', '')}`;
      return reply.send(toFileObject(await this.files.create(asking, id, upload)));
    });
  }

  private async list(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const query = readQuery(FileQuery, request);
    const { files, hasMore } = await this.files.list(callerOf(request), query);
    return reply.send(toPage(files.map(toFileObject), hasMore));
  }

  private async show(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return reply.send(toFileObject(await this.files.find(callerOf(request), idOf(request))));
  }

  private async send(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const file = await this.files.find(callerOf(request), idOf(request));
    const content = await begun(this.files.contentOf(file));
    return reply
      .headers({
        'content-type': 'application/octet-stream',
        'content-length': file.bytes,
        'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.filename)}`,
        'x-content-type-options': 'nosniff',
      })
      .send(content);
  }

  private async delete(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const id = idOf(request);
    await this.files.delete(callerOf(request), id);
    return reply.send({ id, object: 'file', deleted: true });
  }
}

function idOf(request: FastifyRequest): string {
  return (request.params as ById).id;
}

/** Its first piece is there: what cannot be read is refused before an answer has begun. */
async function begun(content: AsyncGenerator<Buffer>): Promise<Readable> {
  const first = await content.next();
  async function* all(): AsyncGenerator<Buffer> {
    if (!first.done) yield first.value;
    yield* content;
  }
  return Readable.from(all(), { objectMode: false });
}
