import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { findFreePorts, type Service, startService } from '@aisbf/one-machine';
import { MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, { NotFoundError, PermissionDeniedError, toFile } from 'openai';

/** Two gateways of one market: a file that one has taken the other gives. */
let market: MarketUnderTest;
let second: Service;
let alice: TestBuyer;
let client: OpenAI;
let elsewhere: OpenAI;

const sdk = (buyer: TestBuyer, url: string) =>
  new OpenAI({ apiKey: buyer.apiToken, baseURL: `${url}/v1`, maxRetries: 0 });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const mebibyte = 1_048_576;

beforeAll(async () => {
  market = await MarketUnderTest.start({
    serviceEnv: {
      accounts: {
        ACCOUNTS_FILES_MAX: '8',
        ACCOUNTS_FILES_BYTES_MAX: String(250 * mebibyte),
        ACCOUNTS_FILE_PURGE_INTERVAL_MS: '300',
      },
    },
  });
  const { environment, dataDir } = market.market;
  const [port] = await findFreePorts(1);
  const env = { ...environment('gateway'), GATEWAY_HTTP_PORT: String(port) };
  second = await startService({ name: 'gateway', dataDir, env });
  alice = await market.buyer('alice');
  client = sdk(alice, market.url);
  elsewhere = sdk(alice, second.url);
}, 90_000);

afterAll(async () => {
  await second?.stop();
  expect(await market?.stop()).toEqual([]);
}, 60_000);

async function upload(by: OpenAI, bytes: Buffer, name = 'notes.txt') {
  return by.files.create({ file: await toFile(bytes, name), purpose: 'user_data' });
}

/** Megabytes of memory that a process has at the moment, and the most that it ever had. */
async function memoryOf(pid: number): Promise<Readonly<{ now: number; most: number }>> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return { now: field('VmRSS'), most: field('VmHWM') };
}

describe('files', () => {
  it('are told, given and deleted by any gateway, in the words of the official client', async () => {
    const content = randomBytes(2 * mebibyte + 77);
    const made = await client.files.create({
      file: await toFile(content, 'ein Brief.bin'),
      purpose: 'assistants',
      expires_after: { anchor: 'created_at', seconds: 3_600 },
    });
    expect(made).toEqual({
      id: expect.stringMatching(/^file-[0-9a-f]{32}$/),
      object: 'file',
      bytes: content.length,
      created_at: expect.any(Number),
      expires_at: made.created_at + 3_600,
      filename: 'ein Brief.bin',
      purpose: 'assistants',
      status: 'processed',
    });
    expect(await elsewhere.files.retrieve(made.id)).toEqual(made);
    const given = await elsewhere.files.content(made.id);
    expect(given.headers.get('content-length')).toBe(String(content.length));
    expect(sha256(Buffer.from(await given.arrayBuffer()))).toBe(sha256(content));
    expect(await elsewhere.files.delete(made.id)).toEqual({
      ...{ id: made.id, object: 'file', deleted: true },
    });
    for (const gone of [
      () => client.files.retrieve(made.id),
      () => client.files.content(made.id),
      () => client.files.delete(made.id),
    ]) {
      await expect(gone()).rejects.toBeInstanceOf(NotFoundError);
    }
  });

  it.each([1, mebibyte - 1, mebibyte, mebibyte + 1])(
    'of %d bytes come back as they were',
    async (size) => {
      const content = randomBytes(size);
      const { id } = await upload(client, content);
      const given = Buffer.from(await (await elsewhere.files.content(id)).arrayBuffer());
      expect(given.equals(content)).toBe(true);
      await client.files.delete(id);
    },
  );

  it('are listed page by page, by their purpose, and by when they were made', async () => {
    const made: string[] = [];
    for (const name of ['a', 'b', 'c']) made.push((await upload(client, Buffer.from(name))).id);
    const batch = await client.files.create({
      ...{ file: await toFile(Buffer.from('{}'), 'lines.jsonl'), purpose: 'batch' },
    });
    const ids: string[] = [];
    for await (const { id } of client.files.list({ limit: 2 })) ids.push(id);
    expect(ids).toEqual([batch.id, ...made.toReversed()]);
    const oldestFirst = await client.files.list({ order: 'asc', purpose: 'user_data', limit: 10 });
    expect(oldestFirst.data.map(({ id }) => id)).toEqual(made);
    expect(oldestFirst.has_more).toBe(false);
    for (const id of [...made, batch.id]) await client.files.delete(id);
    expect((await client.files.list()).data).toEqual([]);
  });

  it('are nobody else’s', async () => {
    const { id } = await upload(client, Buffer.from('mine'));
    const bob = sdk(await market.buyer('bob'), market.url);
    for (const asked of [
      () => bob.files.retrieve(id),
      () => bob.files.content(id),
      () => bob.files.delete(id),
      () => bob.files.list({ after: id }),
    ]) {
      await expect(asked()).rejects.toMatchObject({ status: 404, code: 'file_missing' });
    }
    expect((await bob.files.list()).data).toEqual([]);
    await expect(bob.files.retrieve('file-abc123')).rejects.toBeInstanceOf(NotFoundError);
    await client.files.delete(id);
  });

  it('lie in the database so that nothing can be read there', async () => {
    const secret = 'a word that must not be found';
    const { id } = await upload(client, Buffer.from(secret.repeat(1_000)));
    const rows = await market.query<{ bytes: Buffer }>(
      'SELECT bytes FROM file_chunk WHERE file_id = $1',
      [id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.bytes.includes('a word')).toBe(false);
    await market.query(
      'UPDATE file_chunk SET bytes = set_byte(bytes, 40, 1 - get_byte(bytes, 40) % 2) WHERE file_id = $1',
      [id],
    );
    await expect(client.files.content(id)).rejects.toMatchObject({ status: 503 });
    await client.files.delete(id);
  });

  it('are as many, and as large together, as an owner may have', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 8; count += 1)
      ids.push((await upload(client, Buffer.from('x'))).id);
    const refused = upload(client, Buffer.from('x'));
    await expect(refused).rejects.toBeInstanceOf(PermissionDeniedError);
    await expect(refused).rejects.toMatchObject({ code: 'files_too_many' });
    for (const id of ids) await client.files.delete(id);
    expect((await upload(client, Buffer.from('x'))).id).toMatch(/^file-/);
  });

  it('are removed when their time is over, and where their upload came to no end', async () => {
    const { id } = await upload(client, randomBytes(mebibyte * 2));
    await market.query('UPDATE file SET expires_at = clock_timestamp() WHERE id = $1', [id]);
    await expect(client.files.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
    const broken = await upload(client, Buffer.from('cut'));
    await market.query(
      `UPDATE file SET state = 'uploading', created_at = created_at - interval '1 hour' WHERE id = $1`,
      [broken.id],
    );
    await expect(client.files.retrieve(broken.id)).rejects.toBeInstanceOf(NotFoundError);
    await until(async () => {
      const rows = await market.query('SELECT FROM file WHERE id = ANY ($1)', [[id, broken.id]]);
      const chunks = await market.query('SELECT FROM file_chunk WHERE file_id = $1', [id]);
      return rows.length === 0 && chunks.length === 0;
    });
  });

  it('of a hundred mebibytes take a few of them in memory', async () => {
    const content = randomBytes(100 * mebibyte);
    // Once, so that what any upload takes is there.
    await elsewhere.files.delete((await upload(elsewhere, randomBytes(4 * mebibyte))).id);
    const before = await memoryOf(second.pid ?? 0);
    const { id } = await upload(elsewhere, content);
    const hash = createHash('sha256');
    const { body } = await elsewhere.files.content(id);
    if (!body) throw new Error('there is no content');
    for await (const piece of body) hash.update(piece);
    expect(hash.digest('hex')).toBe(sha256(content));
    const after = await memoryOf(second.pid ?? 0);
    expect(after.most - before.now).toBeLessThan(100);
    const tooLarge = upload(elsewhere, Buffer.alloc(100 * mebibyte + 1));
    await expect(tooLarge).rejects.toMatchObject({ status: 413 });
    await client.files.delete(id);
  }, 120_000);
});

describe('an upload', () => {
  async function send(fields: Readonly<Record<string, string | Blob>>) {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    const headers = { authorization: `Bearer ${alice.apiToken}` };
    const response = await fetch(`${market.url}/v1/files`, { method: 'POST', headers, body });
    const { error } = (await response.json()) as { error: { code: string; param: string } };
    return [response.status, error.code, error.param];
  }
  const file = new Blob(['words']);

  it.each([
    ['has no file', { purpose: 'batch' }, 'missing_required_parameter', 'file'],
    [
      'has it under another name',
      { purpose: 'batch', upload: file },
      'missing_required_parameter',
      'file',
    ],
    ['is empty', { purpose: 'batch', file: new Blob([]) }, 'invalid_value', 'file'],
    ['has no purpose', { file }, 'invalid_value', 'purpose'],
    ['has a purpose of nobody’s', { file, purpose: 'batch_output' }, 'invalid_value', 'purpose'],
    [
      'expires too soon',
      {
        file,
        purpose: 'batch',
        'expires_after[anchor]': 'created_at',
        'expires_after[seconds]': '60',
      },
      'invalid_value',
      'expires_after',
    ],
    [
      'expires after something else',
      {
        file,
        purpose: 'batch',
        'expires_after[anchor]': 'last_use',
        'expires_after[seconds]': '3600',
      },
      'invalid_value',
      'expires_after',
    ],
  ])('is refused where it %s', async (_name, fields, code, param) => {
    expect(await send(fields as Record<string, string | Blob>)).toEqual([400, code, param]);
  });

  it('is refused to nobody who may not buy', async () => {
    const usage = await market.buyer('carl', { scopes: ['usage'] });
    await expect(upload(sdk(usage, market.url), Buffer.from('x'))).rejects.toMatchObject({
      status: 403,
    });
    await expect(
      upload(
        new OpenAI({ apiKey: 'wrong', baseURL: `${market.url}/v1`, maxRetries: 0 }),
        Buffer.from('x'),
      ),
    ).rejects.toMatchObject({ status: 401 });
  });
});
