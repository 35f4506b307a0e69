/** What the engine computes, by the names of GGUF. */
export const architectures: readonly string[] = ['gemma3', 'llama', 'qwen2', 'qwen3'];
