/** Frames of every dialect, as the fuzz tests start from. */
const seeds: readonly string[] = [
  '{"v":1,"op":"register","request_id":"r","registration_token":"t","payload":{"gpus":[{"name":"g","total_vram_gb":24}],"capabilities":{"server":{"name":"s"},"limits":{"concurrency":3}}}}',
  '{"v":1,"op":"heartbeat","request_id":"h","payload":{"uptime":1,"hardware":{"available_vram_mb":7}}}',
  '{"event":"heartbeat","status":"ok","request_id":"h","payload":{"hardware":[]}}',
  '{"event":"pending","status":"pending","request_id":"a","payload":{"estimated_timeout":300}}',
  '{"event":"chunk","request_id":"a","payload":{"chunk":"data: {\\"choices\\":[]}\\n\\n","sequence":1}}',
  '{"event":"chunk","request_id":"a","payload":{"chunks":[{"data_base64":"aGFsbG8="},{"text":"x"}]}}',
  '{"event":"stream","request_id":"a","payload":{"data":"data: [DONE]\\n\\n"}}',
  '{"event":"done","request_id":"a","payload":{},"metrics":{"elapsed_ms":12}}',
  '{"status":"ok","request_id":"a","payload":{"status_code":200,"headers":{"retry-after":"1"},"content_type":"image/png","body_base64":"aGFsbG8=","filename":"a"}}',
  '{"status":"ok","request_id":"a","payload":{"choices":[],"usage":{"total_tokens":3}}}',
  '{"status":"error","request_id":"a","error":{"code":"model_not_found","message":"m","details":{"status_code":404}}}',
  '{"status":"error","request_id":"a","error":"no","code":"stream_error","details":{}}',
];
/** Heads of binary messages with five bytes behind them. */
const heads: readonly string[] = [
  '{"status":"ok","request_id":"a","attachments":[3,2],"payload":{"status_code":200,"content_type":"image/png","body_attachment":1}}',
  '{"event":"chunk","request_id":"a","attachments":[5],"payload":{"status_code":200,"content_type":"image/png","content_length":7,"chunk":{"data_attachment":0},"sequence":0}}',
  '{"event":"chunk","request_id":"a","attachments":[5],"payload":{"status_code":200,"headers":{},"chunk":{"data_attachment":0}}}',
  '{"event":"chunk","request_id":"a","attachments":[4,1],"payload":{"chunks":[{"data_attachment":0},{"data_attachment":1}]}}',
  '{"event":"done","request_id":"a","attachments":[0,5],"payload":{"chunk":{"data_attachment":0}}}',
  '{"op":"proxy","request_id":"b","attachments":[5],"payload":{"body_attachment":0}}',
];
const pieces: readonly string[] = [
  ...['null', '[]', '{}', '"', '\\', '\\u0000', '\ud800', '-1', '1e400', '99999999999999999999'],
  ...['{"a":', '[[[[[[[[', '}', ',', ':', 'true', '"__proto__":', '"request_id":"a"', '"status"'],
  ...['"attachments":[5]', '"data_attachment":1', '"body_attachment":{}', '"content_length":2'],
  ...['"event":"done"', '"op":"register"', '"status_code":0', '"chunk":{"data_base64":"*"}'],
];

/** Numbers below a bound, the same ones for the same seed: xorshift32. */
export function numbersFrom(seed: number): (bound: number) => number {
  let state = seed | 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

/** One of the seeds with a few things put in, cut out, or said twice. */
export function mutatedFrame(number: (bound: number) => number, origins = seeds): string {
  let text = origins[number(origins.length)] ?? '';
  for (let left = number(5); left > 0; left -= 1) {
    const from = number(text.length + 1);
    const to = from + number(24);
    const middle = [pieces[number(pieces.length)] ?? '', '', text.slice(from, to).repeat(2)];
    text = text.slice(0, from) + (middle[number(3)] ?? '') + text.slice(number(2) ? from : to);
  }
  return text;
}

/** The same for a binary message, of which any byte may also be another one, or be missing. */
export function mutatedMessage(number: (bound: number) => number): Buffer {
  const head = Buffer.from(
    number(3) ? (heads[number(heads.length)] ?? '') : mutatedFrame(number, heads),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(number(8) ? head.length : number(2 ** 31));
  const message = Buffer.concat([length, head, Buffer.from('12345')]);
  for (let left = number(2) * number(3); left > 0; left -= 1) {
    message[number(message.length)] = number(256);
  }
  return message.subarray(0, number(8) ? message.length : number(message.length));
}
