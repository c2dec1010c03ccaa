/** Looking into a larger body for the sake of figures alone would cost more than they are worth. */
const bytesMax = 65_536;

/** The model that a request's body names, for the figures; undefined where it is not looked for or not there. */
export function askedModel(body: Buffer): string | undefined {
  if (body.length > bytesMax) return undefined;
  try {
    const { model } = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>;
    return typeof model === 'string' ? model.slice(0, 256) : undefined;
  } catch {
    // The worker's engine will say so to whoever has asked.
    return undefined;
  }
}
