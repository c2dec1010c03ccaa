import type { FormFile } from '../domain/form.js';
import type { StoredBytes } from '../domain/stored-bytes.js';

/** How long sounds and films are, by what is in them. Undefined where that cannot be read. */
export abstract class MediaLength {
  abstract secondsOfFile(file: FormFile): Promise<number | undefined>;
  /** Of what there is of a sound, be it all or its beginning. */
  abstract secondsOfSound(sound: StoredBytes, contentType: string): Promise<number | undefined>;
}
