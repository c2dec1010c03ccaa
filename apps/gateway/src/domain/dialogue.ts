import { type ModelFamily, Prompt } from '@aisbf/metering';
import { isObject, type JsonBody } from '@aisbf/openai';

/** More items than a model's window holds; of older ones only the sum is kept. */
const itemsMax = 4_096;

/**
 * The words that a session's model is shown before each answer: what the buyer has said, what was answered, and what stands
 * above both. Counted by our own measure, once each. Sound is no words.
 */
export class Dialogue {
  private readonly items = new Map<string, number>();
  private itemTokens = 0;
  private standing: JsonBody = {};
  private standingTokens = 0;
  /** What stands around everything, and around each message. */
  private readonly frameTokens: number;
  private readonly messageTokens: number;

  constructor(private readonly family: ModelFamily) {
    this.frameTokens = new Prompt({}).tokensFor(family);
    this.messageTokens = this.tokensOf({ messages: [{}] });
  }

  /** The buyer has added an item. Only those with an id of the buyer's own can be taken out again. */
  said(item: unknown): void {
    this.add(isObject(item) ? item.id : undefined, this.tokensOf({ messages: [toMessage(item)] }));
  }

  /** The model has answered. */
  answered(itemId: string | undefined, tokens: number): void {
    this.add(itemId, this.messageTokens + tokens);
  }

  removed(itemId: unknown): void {
    if (typeof itemId !== 'string') return;
    this.itemTokens -= this.items.get(itemId) ?? 0;
    this.items.delete(itemId);
  }

  /** What stands above the conversation has changed. */
  updated({ instructions, tools }: JsonBody): void {
    this.standing = {
      ...this.standing,
      ...(instructions !== undefined && { instructions }),
      ...(tools !== undefined && { tools }),
    };
    this.standingTokens = this.tokensAbove(this.standing);
  }

  /** For an answer that may have instructions, tools or items of its own. */
  tokensFor(options: JsonBody): number {
    const { instructions, tools, input } = options;
    const hasOwn = instructions !== undefined || tools !== undefined;
    const above = hasOwn ? this.tokensAbove({ ...this.standing, ...options }) : this.standingTokens;
    const items = Array.isArray(input) ? this.tokensIn(input) : this.itemTokens;
    return this.frameTokens + above + items;
  }

  private tokensIn(items: readonly unknown[]): number {
    return items.reduce<number>((sum, item) => {
      const known = isObject(item) && item.type === 'item_reference' ? item.id : undefined;
      if (typeof known === 'string') return sum + (this.items.get(known) ?? 0);
      return sum + this.tokensOf({ messages: [toMessage(item)] });
    }, 0);
  }

  private tokensAbove({ instructions, tools }: JsonBody): number {
    const messages = typeof instructions === 'string' ? [{ content: instructions }] : [];
    return this.tokensOf({ messages, ...(Array.isArray(tools) && tools.length > 0 && { tools }) });
  }

  private tokensOf(body: JsonBody): number {
    return new Prompt(body).tokensFor(this.family) - this.frameTokens;
  }

  private add(itemId: unknown, tokens: number): void {
    this.itemTokens += tokens;
    if (typeof itemId !== 'string') return;
    this.items.set(itemId, (this.items.get(itemId) ?? 0) + tokens);
    const [oldest] = this.items.keys();
    if (this.items.size > itemsMax && oldest !== undefined) this.items.delete(oldest);
  }
}

/** An item, as it would stand in a chat. */
function toMessage(item: unknown): JsonBody {
  if (!isObject(item)) return {};
  const { content, name, output, arguments: args } = item;
  const parts = Array.isArray(content) ? content.filter(isObject) : [];
  const texts = [output, args].filter((text) => typeof text === 'string');
  return {
    name,
    content: [
      ...texts.map((text) => ({ text })),
      // What was said aloud was heard: its transcript is not shown.
      ...parts.map(({ text, image_url, detail }) => ({ text, image_url, detail })),
    ],
  };
}
