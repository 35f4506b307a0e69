/** Why a model named by `hf:` cannot be had, in one line. */
export class ModelError extends Error { override readonly name = 'ModelError'; }
