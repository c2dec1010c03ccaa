import {
  answerFrame,
  heartbeatAnswerFrame,
  heartbeatFrame,
  registerFrame,
  type WorkerHardware,
} from '@aisbf/broker-protocol';
import { mockModel } from '../mock-answer.js';

/** What an ordinary seller's machine tells of itself: two cards, three models. */
const hardware: WorkerHardware = {
  hostname: 'bench-rig',
  platform: 'Linux-6.8.0-generic-x86_64',
  cpu_model: 'a processor with many cores',
  cpu_count: 16,
  total_ram_mb: 65_536,
  available_ram_mb: 41_000,
  gpus: [0, 1].map((index) => ({
    ...{ index, name: 'a graphics card with 24 GB', vendor: 'nvidia' },
    ...{ total_vram_mb: 24_576, available_vram_mb: 20_480, used_vram_mb: 4_096 },
  })),
  gpu_count: 2,
  total_vram_mb: 49_152,
  available_vram_mb: 40_960,
};

const capabilities = {
  server: 'bench',
  version: '1.0.0',
  transports: ['websocket'],
  openai_compat: { chat_completions: true, models: true, images: true, audio: false },
  operations: ['models.list', 'chat.completions', 'proxy'],
  limits: { max_frame_bytes: 67_108_864, concurrency: 8 },
};

const models = {
  object: 'list',
  data: [mockModel, 'a-second-model:70b-instruct-q4', 'a-third-model:8b'].map((id) => ({
    ...{ id, object: 'model', created: 1_700_000_000, owned_by: 'bench' },
    context_length: 32_768,
  })),
};

export function registerText(registrationToken: string): string {
  const registration = { requestId: 'reg-1', registrationToken, hardware, capabilities };
  return JSON.stringify(registerFrame(registration));
}

export function modelsText(requestId: string): string {
  return JSON.stringify(answerFrame(requestId, models, { elapsed_ms: 1 }));
}

export function heartbeatText(requestId: string, uptimeSeconds: number): string {
  return JSON.stringify(heartbeatFrame(requestId, { uptimeSeconds, hardware }));
}

export function heartbeatAnswerText(requestId: string, uptimeSeconds: number): string {
  return JSON.stringify(heartbeatAnswerFrame(requestId, { uptimeSeconds, hardware }));
}
