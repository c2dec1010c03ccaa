import type { FakeWorkerIdentity } from './fake-worker.js';
import { type StudioRequest, StudioWorker } from './studio-worker.js';

type Film = { status: string; error: object | null; readonly seconds: string };

/** A worker that makes films as jobs; how far each is says the test. */
export class FilmStudio {
  /** By the worker's own ids. */
  readonly films = new Map<string, Film>();
  readonly content = Buffer.from('not really a film');

  private constructor(readonly worker: StudioWorker) {}

  static async connect(
    identity: FakeWorkerIdentity,
    models: readonly string[],
    endpoints: readonly string[] = ['/v1/videos'],
  ): Promise<FilmStudio> {
    const worker = await StudioWorker.connect(identity, models, endpoints);
    const studio = new FilmStudio(worker);
    worker.on('POST v1/videos', (request) => studio.begin(fieldsOf(request)));
    return studio;
  }

  /** The newest. */
  get last(): string {
    return [...this.films.keys()].at(-1) ?? '';
  }

  end(id: string, status: 'completed' | 'failed'): void {
    const film = this.films.get(id);
    if (!film) throw new Error(`there is no film ${id}`);
    film.status = status;
    if (status === 'failed') film.error = { code: 'broken', message: 'It would not do.' };
  }

  stop(): void {
    this.worker.stop();
  }

  private begin(fields: Readonly<Record<string, unknown>>, source?: string): object {
    const id = `film-${this.films.size + 1}`;
    const seconds = String(fields.seconds ?? '4');
    this.films.set(id, { status: 'queued', error: null, seconds });
    this.worker.on(`GET v1/videos/${id}`, () => this.tell(id, source));
    this.worker.on(`DELETE v1/videos/${id}`, () => ({ id, deleted: this.films.delete(id) }));
    this.worker.on(`POST v1/videos/${id}/remix`, (request) => this.begin(fieldsOf(request), id));
    this.worker.on(`GET v1/videos/${id}/content`, (request) => this.give(request));
    return this.tell(id, source);
  }

  private tell(id: string, source?: string): object {
    const film = this.films.get(id);
    if (!film) return { status: 404, body: '{"error":{"message":"gone"}}' };
    return {
      ...film,
      ...{ id, object: 'video', model: 'its-own-name', created_at: 1, size: '720x1280' },
      progress: film.status === 'completed' ? 100 : 7,
      remixed_from_video_id: source ?? null,
    };
  }

  private give({ headers, query_params: query }: StudioRequest) {
    if (query.variant === 'thumbnail')
      return { contentType: 'image/png', body: Buffer.from('png') };
    const { content } = this;
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    if (from === undefined || to === undefined) {
      return { contentType: 'video/mp4', filename: 'film.mp4', body: content };
    }
    return {
      status: 206,
      contentType: 'video/mp4',
      headers: { 'content-range': `bytes ${from}-${to}/${content.length}` },
      body: content.subarray(Number(from), Number(to) + 1),
    };
  }
}

function fieldsOf({ body, multipart }: StudioRequest): Readonly<Record<string, unknown>> {
  return (
    body ?? Object.fromEntries((multipart?.fields ?? []).map(({ name, value }) => [name, value]))
  );
}
