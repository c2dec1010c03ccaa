import { type Reply, readCapabilitiesReply, readModels } from '@aisbf/broker-protocol';
import { SessionPresence } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sessionPresence } from './session-presence.js';
import { strangeWorker, type WorkerProfile } from './worker-profile.js';

const session = {
  id: 'session',
  epoch: 1,
  connectedAtMs: 5,
  identity: {
    providerId: '11111111-1111-4111-8111-111111111111',
    providerName: 'rig',
    ownerId: '22222222-2222-4222-8222-222222222222',
    username: 'anna',
    clientId: 'desk',
    registrationId: '33333333-3333-4333-8333-333333333333',
  },
};
const load = { frameBytesMax: 1_024, inFlight: 0, inFlightMax: 1, queued: 0, measured: undefined };
const told = (profile: Partial<WorkerProfile>) =>
  sessionPresence(
    session,
    { name: 'serving' },
    { ...strangeWorker, isModern: true, ...profile },
    load,
  );

const reply = (body: unknown): Reply => ({
  status: 200,
  contentType: 'application/json',
  body: Buffer.from(JSON.stringify(body)),
  isStream: false,
  filename: null,
  retryAfter: null,
});

describe(sessionPresence, () => {
  it('leaves out what nobody has said or measured', () => {
    expect(told({})).not.toHaveProperty('endpoints');
    expect(told({})).not.toHaveProperty('measured');
  });

  it('names what is served by registration and capabilities together', () => {
    const capabilities = readCapabilitiesReply(reply({ openai_compat: { embeddings: true } }));
    expect(told({ capabilities, studioEndpoints: ['v1/audio/speech'] })?.endpoints).toEqual([
      '/v1/chat/completions',
      '/v1/embeddings',
      '/v1/audio/speech',
    ]);
  });

  it('is of the form that routers read, whatever a worker says', () => {
    const fields = ['input_modalities', 'capabilities', 'quantization', 'supported_parameters'];
    const row = fc.record({
      id: fc.string(),
      more: fc.dictionary(fc.constantFrom(...fields), fc.jsonValue()),
    });
    const property = fc.property(fc.array(row), fc.jsonValue(), (rows, said) => {
      const list = { data: rows.map(({ id, more }) => ({ id, ...more })) };
      const presence = told({
        models: readModels(reply(list)) ?? [],
        capabilities: readCapabilitiesReply(reply(said)),
        studioEndpoints: Array.isArray(said) ? said.filter((one) => typeof one === 'string') : [],
      });
      const sent: unknown = JSON.parse(JSON.stringify(presence));
      expect(SessionPresence.parse(sent)).toEqual(sent);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
