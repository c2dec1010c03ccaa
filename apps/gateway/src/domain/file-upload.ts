import { ExpirySeconds, FileId, type FilePurpose, UploadPurpose } from '@aisbf/contracts';
import type { RequestProblem } from '@aisbf/openai';
import { type Form, type FormFile, filesOf } from './form.js';

/** A file as its buyer has sent it. */
export type FileUpload = Readonly<{
  file: FormFile;
  /** Such that it can be stored and told again. */
  filename: string;
  purpose: FilePurpose;
  ttlS: number | null;
}>;

const filenameLengthMax = 512;

/** Reads the form of an upload, or says what is wrong with it. */
export function readFileUpload(form: Form): FileUpload | RequestProblem {
  const files = filesOf(form);
  const [file] = files;
  if (!file || files.length > 1 || file.name !== 'file') {
    return problem('missing_required_parameter', "The form holds one file, called 'file'.", 'file');
  }
  if (file.bytes === 0) return problem('invalid_value', 'The file is empty.', 'file');
  if (file.filename.length > filenameLengthMax) {
    return problem(
      'invalid_value',
      `A file's name has up to ${filenameLengthMax} characters.`,
      'file',
    );
  }
  const purpose = UploadPurpose.safeParse(fieldOf(form, 'purpose'));
  if (!purpose.success) {
    const message = `'purpose' is one of ${UploadPurpose.options.join(', ')}.`;
    return problem('invalid_value', message, 'purpose');
  }
  const ttlS = readExpiry(form);
  if (typeof ttlS === 'object' && ttlS !== null) return ttlS;
  const filename = file.filename.toWellFormed().replaceAll('\0', '') || 'upload';
  return { file, filename, purpose: purpose.data, ttlS };
}

function readExpiry(form: Form): number | null | RequestProblem {
  const [anchor, seconds] = ['anchor', 'seconds'].map((name) =>
    fieldOf(form, `expires_after[${name}]`),
  );
  if (anchor === undefined && seconds === undefined) return null;
  const param = 'expires_after';
  if (anchor !== 'created_at') {
    return problem('invalid_value', "The anchor of 'expires_after' is 'created_at'.", param);
  }
  const ttlS = ExpirySeconds.safeParse(
    /^\d{1,9}$/.test(seconds ?? '') ? Number(seconds) : undefined,
  );
  if (ttlS.success) return ttlS.data;
  return problem('invalid_value', 'A file expires after 3600 to 2592000 seconds.', param);
}

function fieldOf({ parts }: Form, name: string): string | undefined {
  const part = parts.find((one) => one.kind === 'field' && one.name === name);
  return part?.kind === 'field' ? part.value : undefined;
}

function problem(code: string, message: string, param: string): RequestProblem {
  return { code, message, param };
}

/** Whether a text can name a file at all: what cannot is not there, and nobody need be asked. */
export function isFileId(text: string): text is FileId {
  return FileId.safeParse(text).success;
}
