import {
  imageProblem,
  mediaDialect,
  toImageRequest,
  toTranscriptionRequest,
  transcriptDialect,
  transcriptionProblem,
  variationProblem,
} from '@aisbf/openai';
import type { FormEndpoint } from './form-work.js';

/** Every endpoint that is asked with files. */
export const formEndpoints: readonly FormEndpoint[] = [
  {
    name: 'images.edits',
    problemOf: imageProblem,
    toRequest: toImageRequest,
    input: 'image',
    fileField: 'image',
    dialectFor: () => mediaDialect,
  },
  {
    name: 'images.variations',
    problemOf: variationProblem,
    toRequest: toImageRequest,
    input: 'image',
    fileField: 'image',
    dialectFor: () => mediaDialect,
  },
  {
    name: 'audio.transcriptions',
    problemOf: transcriptionProblem,
    toRequest: toTranscriptionRequest,
    input: 'audio',
    fileField: 'file',
    dialectFor: transcriptDialect,
  },
  {
    name: 'audio.translations',
    problemOf: transcriptionProblem,
    toRequest: toTranscriptionRequest,
    input: 'audio',
    fileField: 'file',
    dialectFor: transcriptDialect,
  },
];
