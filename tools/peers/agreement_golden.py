"""Makes kernels/model/golden/agreement.bin: what transformers in fp32 would say next, over 200 prompts x 32 positions.

    pip install torch==2.13.0 transformers==5.17.0 gguf==0.19.0
    HF_HUB_OFFLINE=1 python tools/peers/agreement_golden.py MODEL.gguf kernels/model/golden/agreement.bin

The prompts are pieces of this repository's own text, code and data, cut at places drawn from a fixed seed; the file
holds their token ids, so it does not change when the repository does.

Little-endian: "SWAG", u32 version = 1, u32 prompts, u32 tokens (of each prompt), u32 positions (the last ones of it);
then for each prompt u16 ids[tokens] and for each position u16 first, u16 second, f32 first_logit, f32 second_logit:
the two most likely next tokens and their logits.
"""

import pathlib
import random
import struct
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = 200
CONTEXT = 32  # Tokens before the first position that is judged.
POSITIONS = 32
BATCH = 20
SOURCES = ["*.md", "docs/**/*.md", "actors/**/*.ts", "infra/**/*.ts", "kernels/**/*.cpp", "kernels/**/*.h", "schemas/*.proto", "docs/**/*.json", "tools/**/*.py"]


def draw_prompts(tokenizer) -> list[list[int]]:
    root = pathlib.Path(__file__).resolve().parents[2]
    files = sorted({path for pattern in SOURCES for path in root.glob(pattern)})
    draw = random.Random(20)
    prompts = []
    while len(prompts) < PROMPTS:
        text = draw.choice(files).read_text(encoding="utf-8")
        at = draw.randrange(max(1, len(text) - 400))
        ids = tokenizer(text[at : at + 800], add_special_tokens=False).input_ids
        if len(ids) >= CONTEXT + POSITIONS:
            prompts.append(ids[: CONTEXT + POSITIONS])
    return prompts


def main(model_path: str, out_path: str) -> None:
    path = pathlib.Path(model_path)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    prompts = draw_prompts(AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name))
    parts = [b"SWAG", struct.pack("<IIII", 1, PROMPTS, CONTEXT + POSITIONS, POSITIONS)]
    for begin in range(0, PROMPTS, BATCH):
        batch = prompts[begin : begin + BATCH]
        with torch.no_grad():
            top = model(torch.tensor(batch)).logits[:, -POSITIONS:].topk(2, dim=-1)
        for ids, values, indices in zip(batch, top.values.tolist(), top.indices.tolist()):
            parts.append(struct.pack(f"<{len(ids)}H", *ids))
            parts += [struct.pack("<HHff", *index, *value) for index, value in zip(indices, values)]
    pathlib.Path(out_path).write_bytes(b"".join(parts))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
