import { type Image, imageHeadBytesMax, sizeOfImage } from '@aisbf/metering';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { baseName, type Form, type FormFile, filesOf } from '../domain/form.js';
import type { FormContents, FormEndpoint } from '../domain/form-work.js';
import { MediaLength } from './media-length.js';

/** What a form is for, where it is known what its files are. */
type Purpose = Pick<FormEndpoint, 'input' | 'fileField'>;

/** Looks into the files of forms: what is in them is counted before anybody is asked. */
@Injectable()
export class FormLooks {
  constructor(private readonly lengths: MediaLength) {}

  async contentsOf(form: Form, purpose: Purpose = {}): Promise<FormContents> {
    return purpose.input === 'audio'
      ? { units: await this.secondsOf(form, purpose), images: [] }
      : { units: {}, images: await imagesOf(form, purpose) };
  }

  /** Sounds are sold by the second, and how long one is says the sound itself. */
  private async secondsOf(form: Form, { fileField }: Purpose): Promise<FormContents['units']> {
    const file = filesOf(form).find(({ name }) => name === fileField);
    // Whoever reads the form says that there is none.
    if (!file) return {};
    const seconds = await this.lengths.secondsOfFile(file);
    if (seconds === undefined) throw faults.MEDIA_UNREADABLE({ param: file.name });
    return { audio_second: Math.ceil(seconds) };
  }
}

/**
 * Pictures to start from count as in a chat, by their size. Where it is not known that a file is one, its own head has to
 * say so. A mask says where, and is not read.
 */
async function imagesOf(form: Form, { fileField }: Purpose): Promise<readonly Image[]> {
  const images: Image[] = [];
  for (const file of filesOf(form)) {
    const name = baseName(file.name);
    if (name === 'mask') continue;
    const size = sizeOfImage(await headOf(file));
    if (size || name === fileField) images.push({ size, isLowDetail: false });
  }
  return images;
}

async function headOf(file: FormFile): Promise<Buffer> {
  const head = Buffer.allocUnsafe(Math.min(imageHeadBytesMax, file.bytes));
  return head.subarray(0, await file.read(head, 0));
}
