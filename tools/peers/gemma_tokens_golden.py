"""Makes infra/text/golden/gemma_tokens.json.gz: ids of the real Gemma 3 vocabulary for a few hundred strings.

    pip install torch==2.13.0 transformers==5.17.0 gguf==0.19.0
    python tools/peers/gemma_tokens_golden.py GEMMA.gguf infra/text/golden

The reference is the `tokenizers` library: BPE with byte fallback, whose merges are made of the GGUF's scores by transformers' own
`generate_merges`, as its converter of SentencePiece models does. User-defined tokens are looked for first, in the text as it is, as
SentencePiece does. transformers' converter of Gemma's GGUFs is no reference: it makes a Unigram model of a BPE vocabulary.
"""

import gzip
import json
import pathlib
import random
import sys

import gguf
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers
from transformers.convert_slow_tokenizer import generate_merges

from tiny_models_golden import strings
from tokens_golden import SCRIPTS, code, digits, script_text, whitespace

SEED = 20261122


def vocabulary(path):
    fields = gguf.GGUFReader(path).fields
    values = {name: fields[f"tokenizer.ggml.{name}"] for name in ("tokens", "scores", "token_type")}
    tokens = [bytes(values["tokens"].parts[i]).decode() for i in values["tokens"].data]
    return tokens, [float(values["scores"].parts[i][0]) for i in values["scores"].data], [int(values["token_type"].parts[i][0]) for i in values["token_type"].data]


def reference(tokens, scores, types):
    normal = {token: i for i, (token, kind) in enumerate(zip(tokens, types)) if kind == 1}
    merges = generate_merges(normal, {token: scores[i] for token, i in normal.items()})
    made = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made.normalizer = normalizers.Replace(" ", "\u2581")
    made.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    made.add_tokens([AddedToken(token, normalized=False) for token, kind in zip(tokens, types) if kind == 4])
    made.add_special_tokens([AddedToken(token, normalized=False) for token, kind in zip(tokens, types) if kind == 3])
    return made


def main(model_path, out_path):
    rng = random.Random(SEED)
    made = reference(*vocabulary(model_path))
    texts = strings(rng)[:200] + [code(rng) for _ in range(60)] + [whitespace(rng) for _ in range(40)] + [digits(rng) for _ in range(20)]
    texts += [script_text(rng, script) for script in SCRIPTS for _ in range(2)] + ["a" * 300, " " * 70 + "x", "\n" * 40, "\t" * 33 + "y", "<h1>a</h1> <table>", "=" * 200, "it is\u2581so"]
    rows = []
    for text in dict.fromkeys(texts):
        if "\u2581" in text:
            continue  # It comes back as a space.
        made.encode_special_tokens = True
        row = {"s": text, "ids": made.encode(text, add_special_tokens=False).ids}
        made.encode_special_tokens = False
        special = made.encode(text, add_special_tokens=False).ids
        if special != row["ids"]:
            row["special"] = special
        rows.append(row)
    target = pathlib.Path(out_path) / "gemma_tokens.json.gz"
    with open(target, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="", compresslevel=9) as packed:
        packed.write(json.dumps(rows, ensure_ascii=True, separators=(",", ":")).encode())
    print(f"{target}: {len(rows)} strings, {target.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
