import { binaryMessage } from './binary-message.js';

/** One frame from a worker, before it is written as JSON. */
export type WorkerFrame = Readonly<{ v: 1; [field: string]: unknown }>;

/** The frame as a binary message, to a broker that has offered to read such. */
export function binaryWorkerFrame(frame: WorkerFrame, attachments: readonly Buffer[]): Buffer {
  const lengths = attachments.map(({ length }) => length);
  return binaryMessage(JSON.stringify({ ...frame, attachments: lengths }), attachments);
}

/** One graphics card. Sizes are in MB, as every client of this protocol tells them. */
export type WorkerGpu = Readonly<{
  index: number;
  name: string;
  vendor: string;
  total_vram_mb: number;
  available_vram_mb: number;
  used_vram_mb: number;
}>;

export type WorkerHardware = Readonly<{
  hostname: string;
  platform: string;
  cpu_model: string;
  cpu_count: number;
  total_ram_mb: number;
  available_ram_mb: number;
  gpus: readonly WorkerGpu[];
  gpu_count: number;
  total_vram_mb: number;
  available_vram_mb: number;
}>;

export type WorkerCapabilities = Readonly<{
  server: string;
  version: string;
  transports: readonly string[];
  openai_compat: Readonly<Record<string, boolean>>;
  /** Paths that are served beside chat. */
  studio?: Readonly<{ endpoints: readonly string[] }>;
  operations?: readonly string[];
  extensions?: readonly string[];
  limits?: Readonly<{ max_frame_bytes: number; concurrency: number }>;
}>;

export type Registration = Readonly<{
  requestId: string;
  registrationToken: string;
  /** An address that the seller makes known; the market does not call it. */
  endpoint?: string | undefined;
  hardware: WorkerHardware;
  capabilities: WorkerCapabilities;
}>;

/** Says who speaks and what it can do; a later one on the same session says that its models changed. */
export function registerFrame(registration: Registration): WorkerFrame {
  const { requestId, registrationToken, endpoint, hardware } = registration;
  const capabilities = { ...registration.capabilities, hardware };
  return {
    v: 1,
    op: 'register',
    request_id: requestId,
    registration_token: registrationToken,
    capabilities,
    payload: {
      ...(endpoint !== undefined && { endpoint }),
      transport: 'websocket',
      registration_token: registrationToken,
      hardware,
      gpus: hardware.gpus,
      gpu_count: hardware.gpu_count,
      total_vram_mb: hardware.total_vram_mb,
      available_vram_mb: hardware.available_vram_mb,
      capabilities,
    },
  };
}

export type Vitals = Readonly<{ uptimeSeconds: number; hardware: WorkerHardware }>;

export function heartbeatFrame(requestId: string, vitals: Vitals): WorkerFrame {
  return { v: 1, op: 'heartbeat', request_id: requestId, payload: toVitalsPayload(vitals) };
}

/** The answer to a heartbeat that the broker has sent. */
export function heartbeatAnswerFrame(requestId: string, vitals: Vitals): WorkerFrame {
  const payload = toVitalsPayload(vitals);
  return { v: 1, event: 'heartbeat', status: 'ok', request_id: requestId, payload };
}

function toVitalsPayload({ uptimeSeconds, hardware }: Vitals): object {
  return { uptime: uptimeSeconds, hardware };
}

/** Says that the request is being worked on: it extends the deadline and ends nothing. */
export function pendingFrame(requestId: string): WorkerFrame {
  const payload = { message: 'The engine is working on it.', estimated_timeout: 300 };
  return { v: 1, event: 'pending', status: 'pending', request_id: requestId, payload };
}

export type Metrics = Readonly<{ elapsed_ms: number }>;

/** What the engine's answer says before its body. A status of 400 and more is the engine's error. */
export type HttpHead = Readonly<{
  status_code: number;
  headers: Readonly<Record<string, string>>;
  content_type: string;
  filename?: string;
}>;

/** A whole HTTP answer of the engine: text, bytes in base64, or the number of an attachment. */
export type HttpAnswer = HttpHead &
  Readonly<{ body?: string; body_base64?: string; body_attachment?: number }>;

/** Stands beside the first piece of an answer that comes in pieces because it is large. */
export type PiecesHead = HttpHead & Readonly<{ content_length?: number }>;

export function answerFrame(requestId: string, payload: object, metrics: Metrics): WorkerFrame {
  return { v: 1, status: 'ok', request_id: requestId, payload, metrics };
}

/** A piece of a stream: text as it is, bytes in base64, or the number of an attachment. */
export type StreamPiece =
  | string
  | Readonly<{ data_base64: string }>
  | Readonly<{ data_attachment: number }>;

export function chunkFrame(
  requestId: string,
  sequence: number,
  chunk: StreamPiece,
  head?: PiecesHead,
): WorkerFrame {
  return {
    v: 1,
    event: 'chunk',
    status: 'ok',
    request_id: requestId,
    payload: { ...head, chunk, sequence },
  };
}

export function doneFrame(requestId: string, metrics: Metrics): WorkerFrame {
  return { v: 1, event: 'done', status: 'ok', request_id: requestId, payload: {}, metrics };
}

export type WorkerError = Readonly<{
  code: string;
  message: string;
  /** The HTTP status that this failure would have had. */
  status: number;
}>;

export function errorFrame(requestId: string, error: WorkerError, metrics: Metrics): WorkerFrame {
  const { code, message, status } = error;
  return {
    v: 1,
    status: 'error',
    request_id: requestId,
    error: { code, message, details: { status_code: status } },
    metrics,
  };
}
