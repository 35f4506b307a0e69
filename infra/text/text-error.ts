/** Why a request or a model file was refused. `code` is stable; the message holds the numbers. */
export type TextErrorCode =
  | 'gguf_unreadable' | 'gguf_invalid' | 'gguf_unsupported' | 'model_unreadable' | 'model_invalid' | 'model_unsupported' | 'tokenizer_unsupported' | 'template_missing' | 'template_invalid' | 'template_failed'
  | 'message_invalid' | 'queue_full' | 'deadline' | 'tokenizer_died' | 'closed';

/** The one error of this folder. `retry`: 'never' for bad input, 'later' for what passes by itself. */
export class TextError extends Error {
  override readonly name = 'TextError';
  readonly code: TextErrorCode;
  readonly retry: 'never' | 'later';

  constructor(code: TextErrorCode, message: string) {
    super(message);
    this.code = code;
    this.retry = code === 'queue_full' || code === 'deadline' || code === 'tokenizer_died' ? 'later' : 'never';
  }
}
