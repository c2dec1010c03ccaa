/** The last event of a stream, and all that a bare relay understands of it. */
export const streamEnd = Buffer.from('data: [DONE]\n\n');
