import { createHash } from 'node:crypto';
import type { CallableModel, OllamaModel } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { Admission } from '../services/admission.js';
import { callerOf } from './buyer-request.js';

export class OllamaLikeness {
  constructor(
    /** Programs leave alone what they take for too old. */
    readonly version: string,
  ) {}
}

/** The two questions by which programs find out whether they talk to an Ollama, and what it has. */
@Injectable()
export class OllamaProbes {
  constructor(
    private readonly admission: Admission,
    private readonly likeness: OllamaLikeness,
  ) {}

  addTo(scope: FastifyInstance): void {
    scope.get('/version', (_request, reply) => reply.send({ version: this.likeness.version }));
    scope.get('/tags', async (request, reply) => {
      const { models } = await this.admission.models({
        type: 'list-models',
        ...callerOf(request),
      });
      return reply.send({ models: models.map(toOllamaModel) });
    });
  }
}

/** A line of the list as Ollama has it. There are no files of it here, so what Ollama says of those is made of the name. */
export function toOllamaModel(line: CallableModel): OllamaModel {
  const { id, createdAtS, architecture, parameterSize = '', quantization = '' } = line;
  return {
    name: id,
    model: id,
    modified_at: new Date(createdAtS * 1_000).toISOString(),
    size: 0,
    digest: createHash('sha256').update(id).digest('hex'),
    details: {
      parent_model: '',
      format: '',
      family: architecture ?? '',
      families: architecture === undefined ? null : [architecture],
      parameter_size: parameterSize,
      quantization_level: quantization,
    },
  };
}
