import { FakeWorker, type FakeWorkerIdentity, type WorkerFrame } from './fake-worker.js';

/** What it is asked by `proxy`. */
export type StudioRequest = Readonly<{
  endpoint_path: string;
  method: string;
  query_params: Readonly<Record<string, unknown>>;
  headers: Readonly<Record<string, string>>;
  body?: Readonly<Record<string, unknown>>;
  multipart?: Readonly<{
    fields: readonly Readonly<{ name: string; value: string }>[];
    files: readonly Readonly<{ name: string; filename: string; data_base64: string }>[];
  }>;
}>;

/** An HTTP answer of its own server. */
export type StudioAnswer = Readonly<{
  status?: number;
  contentType?: string;
  headers?: Readonly<Record<string, string>>;
  body: string | Buffer;
  filename?: string;
}>;

/** Answers one request; undefined where it answers by itself. */
export type StudioScript = (
  request: StudioRequest,
  frame: WorkerFrame,
) => StudioAnswer | object | undefined;

/** A worker with endpoints of its own, as CoderAI's Studio has them: its answers are made by its paths. */
export class StudioWorker {
  /** What it was asked, the first first. */
  readonly requests: StudioRequest[] = [];
  private readonly scripts = new Map<string, StudioScript>();

  private constructor(readonly socket: FakeWorker) {
    socket.on('proxy', (frame) => this.take(frame));
  }

  static async connect(
    identity: FakeWorkerIdentity,
    models: readonly string[],
    endpoints: readonly string[],
  ): Promise<StudioWorker> {
    const worker = new StudioWorker(await FakeWorker.connect(identity));
    worker.socket.register(models, {
      server: 'fake',
      studio: { endpoints },
      limits: { max_frame_bytes: 8_388_608 },
    });
    return worker;
  }

  /** By method and path, as `POST v1/pipelines/run`. */
  on(call: string, script: StudioScript): void {
    this.scripts.set(call, script);
  }

  stop(): void {
    this.socket.stop();
  }

  private take(frame: WorkerFrame): void {
    const request = frame.payload as StudioRequest;
    this.requests.push(request);
    const path = request.endpoint_path.replace(/^\//, '');
    const script = this.scripts.get(`${request.method} ${path}`);
    const answer = script?.(request, frame);
    if (script && !answer) return;
    const said = answer ?? { status: 404, body: '{"error":{"message":"There is no such thing."}}' };
    this.socket.reply(frame, { status: 'ok', payload: payloadOf(said) });
  }
}

function payloadOf(answer: StudioAnswer | object): object {
  if (!('body' in answer)) return payloadOf({ body: JSON.stringify(answer) });
  const {
    status = 200,
    contentType = 'application/json',
    headers,
    body,
    filename,
  } = answer as StudioAnswer;
  const isBytes = typeof body !== 'string';
  return {
    status_code: status,
    headers: { ...headers, 'content-type': contentType },
    content_type: contentType,
    ...(isBytes ? { body_base64: body.toString('base64') } : { body }),
    ...(filename !== undefined && { filename }),
  };
}
