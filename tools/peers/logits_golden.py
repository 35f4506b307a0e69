"""Makes kernels/model/golden/logits.bin: logits of the real model by transformers in fp32.

    pip install torch==2.13.0 transformers==5.17.0 gguf==0.19.0
    HF_HUB_OFFLINE=1 python tools/peers/logits_golden.py MODEL.gguf kernels/model/golden/logits.bin
    HF_HUB_OFFLINE=1 python tools/peers/logits_golden.py --every 64 GEMMA.gguf kernels/model/golden/gemma.bin

Little-endian: "SWLG", u32 version = 1, u32 vocab, u32 prompts; then for each prompt
u32 tokens, i32 ids[tokens], i32 argmax[tokens], u32 rows, i32 row[rows], f32 logits[rows][vocab].
`argmax` covers every position, full logits only the chosen rows (a whole row is 192 KiB, of Gemma 1 MiB).

With --every N the rows hold each N-th logit alone, "vocab" is how many that are, and a longer prompt is there that
reaches over Gemma's window of 512 tokens.
"""

import pathlib
import struct
import sys

import numpy
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = [
    "<|im_start|>user\nWhat does a lighthouse keeper do at night?<|im_end|>\n<|im_start|>assistant\n",
    "def merge(left, right):\n    out = []\n    while left and right:\n        out.append((left if left[0] <= right[0] else right).pop(0))\n"
    "    return out + left + right\n\n\ndef sort(items):\n    if len(items) < 2:\n        return items\n    middle = len(items) // 2\n    return",
    "Im Hafen lagen drei Schiffe; 港には船が三隻あった。 At noon the tide was at 4.25 m, and",
    "z",
]
LONG_PROMPT = "".join(f"At {hour}:{minute:02d} the harbour master read {100 + (hour * 37 + minute * 11) % 400} cm. "
                      for hour in range(6, 16) for minute in (0, 15, 30, 45))
ROWS_FROM_END = [0, 17]  # Full logits of the last row and of one inside, where there is one.


def main(model_path: str, out_path: str, every: int) -> None:
    path = pathlib.Path(model_path)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model.eval()
    parts = []
    prompts = PROMPTS if every == 1 else [*PROMPTS[1:], LONG_PROMPT]
    for prompt in prompts:
        ids = tokenizer(prompt, add_special_tokens=False).input_ids
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0].numpy()
        rows = [len(ids) - 1 - back for back in ROWS_FROM_END if back < len(ids)]
        parts.append(struct.pack("<I", len(ids)))
        parts.append(numpy.array(ids, dtype="<i4").tobytes())
        parts.append(logits.argmax(axis=1).astype("<i4").tobytes())
        parts.append(struct.pack("<I", len(rows)) + numpy.array(rows, dtype="<i4").tobytes())
        parts.append(logits[rows][:, ::every].astype("<f4").tobytes())
        print(f"{len(ids)} tokens, last argmax {tokenizer.decode([int(logits[-1].argmax())])!r}")
    head = b"SWLG" + struct.pack("<III", 1, len(range(0, logits.shape[1], every)), len(prompts))
    pathlib.Path(out_path).write_bytes(head + b"".join(parts))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    every = int(arguments[1]) if arguments[:1] == ["--every"] else 1
    arguments = arguments[2:] if every > 1 else arguments
    if len(arguments) != 2:
        sys.exit(__doc__)
    main(*arguments, every)
