/**
 * Where a stream of server-sent events stands after the bytes so far: just enough to end it with exactly one
 * `[DONE]`, however the worker cut it into pieces and whether or not its engine has sent one.
 */
export type StreamTail = Readonly<{
  /** The beginning of the line that has not ended yet. */
  line: string;
  /** The open line may become a `[DONE]`, so all of it is still held back. */
  isHeld: boolean;
  isDone: boolean;
  /** An error has gone by as an event: the stream will not end well. */
  hasError: boolean;
  /** The last line was empty, or nothing has come yet: an event may begin. */
  isBetweenEvents: boolean;
  lastByte: number;
}>;

export const streamStart: StreamTail = {
  line: '',
  isHeld: false,
  isDone: false,
  hasError: false,
  isBetweenEvents: true,
  lastByte: 0,
};

const newline = 0x0a;
const closingBrace = 0x7d;
/** Enough of a line to know a `[DONE]` or an error by. */
const lineLengthKept = 64;
const doneLine = /^data:\s?\[DONE\]\s*$/;
const doneForms = ['data: [DONE]\r', 'data:[DONE]\r'];
const errorLine = /^data:\s*\{\s*"error"\s*:\s*(?!null)\S/;
const doneEvent = 'data: [DONE]\n\n';
const nothing = Buffer.alloc(0);

/** Gives what may be passed on. From the first `[DONE]` on that is nothing: the end is written by `endOf`. */
export function passOn(tail: StreamTail, bytes: Buffer): readonly [StreamTail, Buffer] {
  if (tail.isDone || bytes.length === 0) return [tail, nothing];
  const data = tail.isHeld ? Buffer.concat([Buffer.from(tail.line, 'latin1'), bytes]) : bytes;
  let { hasError, isBetweenEvents } = tail;
  let line = tail.isHeld ? '' : tail.line;
  let from = 0;
  for (let end = data.indexOf(newline); end !== -1; end = data.indexOf(newline, from)) {
    line = grown(line, data, from, end);
    if (doneLine.test(line)) {
      return [{ ...tail, line: '', isHeld: false, isDone: true, hasError }, data.subarray(0, from)];
    }
    hasError ||= errorLine.test(line);
    isBetweenEvents = line === '' || line === '\r';
    line = '';
    from = end + 1;
  }
  line = grown(line, data, from, data.length);
  const isHeld = line.length === data.length - from && mayBecomeDone(line);
  const lastByte = data[data.length - 1] ?? 0;
  const next = { line, isHeld, isDone: false, hasError, isBetweenEvents, lastByte };
  return [next, isHeld ? data.subarray(0, from) : data];
}

/**
 * What is left to write when the worker says that the stream is over; undefined where it was cut: in the
 * middle of an event, or by an error.
 */
export function endOf(tail: StreamTail): Buffer | undefined {
  if (tail.hasError || errorLine.test(tail.line)) return undefined;
  if (tail.isDone || (tail.isHeld && doneLine.test(tail.line))) return Buffer.from(doneEvent);
  if (tail.line === '') return Buffer.from(tail.isBetweenEvents ? doneEvent : `\n${doneEvent}`);
  return tail.lastByte === closingBrace ? Buffer.from(`\n\n${doneEvent}`) : undefined;
}

function grown(line: string, data: Buffer, from: number, to: number): string {
  const room = lineLengthKept - line.length;
  return room <= 0 ? line : line + data.toString('latin1', from, Math.min(to, from + room));
}

function mayBecomeDone(line: string): boolean {
  return line !== '' && doneForms.some((form) => form.startsWith(line));
}
