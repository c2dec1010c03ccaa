export { messageProblem, messageToChat, withoutUnsignedThoughts } from './message-chat.js';
export { messageDialect, messageFromChatDialect } from './message-dialect.js';
export { type AnthropicError, anthropicError, anthropicRefusal } from './message-error.js';
