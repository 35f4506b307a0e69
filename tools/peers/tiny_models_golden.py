"""Makes kernels/model/golden/tiny/: tiny models of every known family with random weights, and what transformers says about them.

    pip install torch==2.13.0 transformers==5.17.0 gguf==0.19.0
    HF_HUB_OFFLINE=1 python tools/peers/tiny_models_golden.py kernels/model/golden/tiny infra/text/golden

For each family a folder as transformers saves it (config.json, generation_config.json, safetensors, tokenizer.json,
tokenizer_config.json), the same model as model.gguf, and logits.bin in the format of logits_golden.py. Variants of the
configuration alone lie beside: config.<name>.json and logits.<name>.bin. Weights, tokenizers and prompts are made here from
one seed. Each GGUF is read back by transformers, whose logits have to be those of the folder; so the order of rows and the
offset of norms are not only our own idea of them.

In infra/text/golden: tiny_tokens.json.gz, strings with the ids that the `tokenizers` library gives them for these tokenizers.
"""

import gzip
import json
import pathlib
import random
import shutil
import struct
import sys
import tempfile

import gguf
import numpy
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, PreTrainedTokenizerFast, Qwen2Config, Qwen3Config

SEED = 20261121
PROMPT_TOKENS = 90  # More than a block of 64, and than every window.
ROWS = [0, 1, 18, 47, 63, 64, 89]
HIDDEN, HEAD_DIM, HEADS, KV_HEADS, FFN = 32, 32, 2, 1, 48
BYTE_VOCAB, PIECE_VOCAB = 320, 448
QWEN_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                r"|\s*[\r\n]+|\s+(?!\S)|\s+")
CORPUS = """The tide comes in and the tide goes out, and between the two there is a while when the water stands still.
A harbour master writes down the height of the water: 4.25 m at 06:10, 0.75 m at 12:40. def tide(hours): return sum(hours) / len(hours)
for (let i = 0; i < tides.length; i++) { console.log(tides[i]); }   Straße, Größe, naïve café; 港の水は静かだ。 Лодка стоит у причала.
"quoted", 'single', [1, 2, 3], {"key": "value"}, a_b_c, x += 1; y -= 2; // comment    # another one\n\n\t- item\n\t- item\n"""
TEMPLATE = ("{% for message in messages %}{{ OPEN + message['role'] + '\\n' + message['content'] + CLOSE + '\\n' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ OPEN + 'assistant\\n' }}{% endif %}")


def byte_level_tokenizer(style):
    made = Tokenizer(models.BPE())
    if style == "qwen":
        made.normalizer = normalizers.NFC()
        made.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(QWEN_PATTERN), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    else:
        made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=BYTE_VOCAB - 4, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    made.train_from_iterator([CORPUS] * 3, trainer)
    made.add_special_tokens([AddedToken(token, normalized=False) for token in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")])
    made.add_tokens([AddedToken("<tool_call>", normalized=False)])
    return made


def piece_tokenizer():
    """As Gemma's: BPE over the whole text, spaces as U+2581, bytes for what has no piece."""
    specials = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    base = specials + [f"<0x{byte:02X}>" for byte in range(256)]
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "\u2581")
    trained.pre_tokenizer = pre_tokenizers.Split(Regex("\u2581+[^\u2581]*|[^\u2581]+"), "isolated")
    trained.train_from_iterator([CORPUS.replace("    ", "        ")] * 3, trainers.BpeTrainer(vocab_size=PIECE_VOCAB - len(base), show_progress=False))
    learnt = json.loads(trained.to_str())["model"]
    pieces = [piece for piece, _ in sorted(learnt["vocab"].items(), key=lambda item: item[1])]
    vocab = {piece: i for i, piece in enumerate(base + pieces)}
    made = Tokenizer(models.BPE(vocab=vocab, merges=[tuple(merge) for merge in learnt["merges"]], unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made.normalizer = normalizers.Replace(" ", "\u2581")
    made.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    made.add_special_tokens([AddedToken(token, normalized=False) for token in specials])
    return made


def common(**more):
    return dict(hidden_size=HIDDEN, intermediate_size=FFN, num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, head_dim=HEAD_DIM,
                max_position_embeddings=256, rms_norm_eps=1e-6, attention_dropout=0.0, bos_token_id=None, pad_token_id=None, **more)


FAMILIES = {
    # llama: untied, F16; qwen2: tied, BF16; qwen3: untied, BF16 in shards; gemma3: tied, BF16.
    "llama": dict(config=lambda: LlamaConfig(vocab_size=BYTE_VOCAB, num_hidden_layers=2, tie_word_embeddings=False, eos_token_id=318, **common()),
                  dtype=torch.float16, tokenizer=lambda: byte_level_tokenizer("llama"), shards="5GB",
                  variants={"llama3": {"rope_parameters": {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                                           "original_max_position_embeddings": 64}},
                            "old": {"rope_parameters": None, "rope_theta": 5000.0, "rope_scaling": {"type": "linear", "factor": 2.0}}}),
    # qwen2 knows no head_dim of its own: hidden / heads, so it is as wide as its heads.
    "qwen2": dict(config=lambda: Qwen2Config(vocab_size=BYTE_VOCAB, num_hidden_layers=2, tie_word_embeddings=True, eos_token_id=318,
                                             rope_parameters={"rope_type": "default", "rope_theta": 1e6}, **(common() | {"hidden_size": 64})),
                  dtype=torch.bfloat16, tokenizer=lambda: byte_level_tokenizer("qwen"), shards="5GB",
                  variants={"window": {"use_sliding_window": True, "sliding_window": 20, "max_window_layers": 1, "layer_types": None}}),
    "qwen3": dict(config=lambda: Qwen3Config(vocab_size=BYTE_VOCAB, num_hidden_layers=2, tie_word_embeddings=False, eos_token_id=318,
                                             rope_parameters={"rope_type": "default", "rope_theta": 1e6}, **common()),
                  dtype=torch.bfloat16, tokenizer=lambda: byte_level_tokenizer("qwen"), shards="40KB", variants={}),
    "gemma3": dict(config=lambda: Gemma3TextConfig(vocab_size=PIECE_VOCAB, num_hidden_layers=4, sliding_window=20, query_pre_attn_scalar=32, eos_token_id=[1, 5],
                                                   layer_types=["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"],
                                                   **(common() | {"bos_token_id": 2, "pad_token_id": 0})),
                   dtype=torch.bfloat16, tokenizer=piece_tokenizer, shards="5GB",
                   variants={"scaled": {"query_pre_attn_scalar": 20, "rope_parameters": {
                       "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500000.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 20000.0}}},
                       "old": {"layer_types": None, "sliding_window_pattern": 2, "rope_parameters": None, "rope_theta": 300000.0, "rope_local_base_freq": 7000.0}}),
}


def randomise(model, generator):
    with torch.no_grad():
        for name, value in model.named_parameters():
            spread = torch.randn(value.shape, generator=generator)
            is_norm = "norm" in name
            center = 0.0 if not is_norm or "gemma" in type(model).__name__.lower() else 1.0
            value.copy_(center + spread * (0.2 if is_norm else 0.5 if "embed" in name or "bias" in name else 1.2 / value.shape[-1] ** 0.5))


def logits_of(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].float().numpy()


def write_logits(path, ids, logits):
    head = b"SWLG" + struct.pack("<III", 1, logits.shape[1], 1)
    body = struct.pack("<I", len(ids)) + numpy.array(ids, dtype="<i4").tobytes() + logits.argmax(axis=1).astype("<i4").tobytes()
    path.write_bytes(head + body + struct.pack("<I", len(ROWS)) + numpy.array(ROWS, dtype="<i4").tobytes() + logits[ROWS].astype("<f4").tobytes())


def permute(weight, heads):
    """Rows of q and k for neighbouring pairs, as llama-architecture GGUFs have them."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def write_gguf(path, family, config, model, tokenizer):
    writer = gguf.GGUFWriter(str(path), family)
    writer.add_name(f"tiny {family}")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_embedding_length(config.hidden_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(HEAD_DIM)
    writer.add_value_length(HEAD_DIM)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_vocab_size(config.vocab_size)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    rope = config.rope_parameters
    writer.add_rope_freq_base(rope["full_attention"]["rope_theta"] if family == "gemma3" else rope["rope_theta"])
    if family == "gemma3":
        writer.add_sliding_window(config.sliding_window)
        writer.add_uint32("gemma3.attention.sliding_window_pattern", 3)
    write_vocabulary(writer, family, json.loads(tokenizer.to_str()))
    names = gguf.get_tensor_name_map({name: arch for arch, name in gguf.MODEL_ARCH_NAMES.items()}[family], config.num_hidden_layers)
    for name, value in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        stem, suffix = name.rsplit(".", 1)
        array = value.float().numpy()
        if family == "llama" and stem.endswith(("q_proj", "k_proj")):
            array = permute(array, HEADS if stem.endswith("q_proj") else KV_HEADS)
        if family == "gemma3" and "norm" in stem:
            array = array + 1
        is_matrix = array.ndim == 2
        kept = gguf.GGMLQuantizationType.BF16 if is_matrix and family != "llama" else gguf.GGMLQuantizationType.F16 if is_matrix else gguf.GGMLQuantizationType.F32
        packed = gguf.quantize(array.astype(numpy.float32), kept)
        writer.add_tensor(f"{names.get_name(stem)}.{suffix}", packed, raw_dtype=kept)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_vocabulary(writer, family, tokenizer):
    vocab = dict(tokenizer["model"]["vocab"])
    added = {token["content"]: token for token in tokenizer["added_tokens"]}
    vocab.update({content: token["id"] for content, token in added.items()})
    tokens = [content for content, _ in sorted(vocab.items(), key=lambda item: item[1])]
    is_piece = family == "gemma3"
    types = [(3 if added[t]["special"] else 4) if t in added else 6 if is_piece and len(t) == 6 and t.startswith("<0x") else 1 for t in tokens]
    writer.add_tokenizer_model("llama" if is_piece else "gpt2")
    writer.add_tokenizer_pre({"llama": "smollm", "gemma3": "default"}.get(family, "qwen2"))
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if is_piece:  # A piece's score is the rank of the merge that makes it; SentencePiece merges the best pair first.
        rank = {left + right: i for i, (left, right) in reversed(list(enumerate(tokenizer["model"]["merges"])))}
        writer.add_token_scores([float(-rank[t]) if t in rank else -1000.0 if t in added else -1e6 for t in tokens])
        writer.add_bos_token_id(2)
        writer.add_eos_token_id(1)
        writer.add_unk_token_id(3)
        writer.add_add_space_prefix(False)
    else:
        writer.add_token_merges([" ".join(merge) for merge in tokenizer["model"]["merges"]])
        writer.add_eos_token_id(vocab["<|im_end|>"])
    writer.add_chat_template(template(family))


def template(family):
    names = ("<start_of_turn>", "<end_of_turn>") if family == "gemma3" else ("<|im_start|>", "<|im_end|>")
    return TEMPLATE.replace("OPEN", repr(names[0])).replace("CLOSE", repr(names[1]))


def make(folder, family, rng):
    facts = FAMILIES[family]
    config = facts["config"]()
    tokenizer = facts["tokenizer"]()
    assert tokenizer.get_vocab_size() <= config.vocab_size, (family, tokenizer.get_vocab_size())
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.eval()
    randomise(model, torch.Generator().manual_seed(SEED + len(family)))
    model.to(facts["dtype"]).float()  # The values that are saved.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.to(facts["dtype"])
    model.save_pretrained(folder, max_shard_size=facts["shards"])
    for file in folder.glob("*.safetensors"):
        file.chmod(0o644)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=template(family), eos_token="<eos>" if family == "gemma3" else "<|im_end|>")
    if family == "gemma3":
        fast.bos_token, fast.unk_token, fast.pad_token = "<bos>", "<unk>", "<pad>"
    fast.save_pretrained(folder)
    ids = [rng.randrange(config.vocab_size) for _ in range(PROMPT_TOKENS)]
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    logits = logits_of(plain, ids)
    write_logits(folder / "logits.bin", ids, logits)
    for name, changes in facts["variants"].items():
        changed = json.loads((folder / "config.json").read_text()) | changes
        changed = {key: value for key, value in changed.items() if value is not None or key not in changes}
        (folder / f"config.{name}.json").write_text(json.dumps(changed, indent=2) + "\n")
        other = variant_of(folder, name)
        different = logits_of(other, ids)
        assert numpy.abs(different - logits).max() > 0.05, (family, name)
        write_logits(folder / f"logits.{name}.bin", ids, different)
    write_gguf(folder / "model.gguf", family, config, plain, tokenizer)
    again = AutoModelForCausalLM.from_pretrained(folder, gguf_file="model.gguf", dtype=torch.float32).eval()
    if family in ("gemma3", "qwen3"):  # Of a GGUF transformers reads neither gemma3's pattern of windows nor qwen3's width of heads.
        again = same_weights(plain, again)
    distance = numpy.linalg.norm(logits_of(again, ids) - logits) / numpy.linalg.norm(logits)
    print(f"{family}: {sum(p.numel() for p in plain.parameters())} weights, logits' deviation {logits.std():.2f}, GGUF relL2 {distance:.1e}")
    assert distance < 1e-6, (family, distance)
    return tokenizer


def same_weights(model, other):
    model.load_state_dict(other.state_dict())
    return model


def variant_of(folder, name):
    with tempfile.TemporaryDirectory() as temporary:
        for file in folder.iterdir():
            if file.suffix == ".safetensors" or file.name.endswith("index.json"):
                shutil.copy(file, temporary)
        shutil.copy(folder / f"config.{name}.json", pathlib.Path(temporary) / "config.json")
        return AutoModelForCausalLM.from_pretrained(temporary, dtype=torch.float32).eval()


def strings(rng):
    words = CORPUS.split() + ["e\u0301", "\u00e9", "\u1e9e", "\U0001F600", "\u200d", "don't", "WE'LL", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "\u3000", "\u0085", "\u2581", "12345", "\u0663\u0664"]
    specials = ["<|im_start|>", "<|im_end|>", "<tool_call>", "<|endoftext|>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<0x41>", "<unk>"]
    made = ["", " ", "a", "  two  spaces  ", "\u0000", "\ufeffBOM", CORPUS]
    for index in range(260):
        parts = [rng.choice(words) + rng.choice([" ", " ", " ", "", "  ", "\n"]) for _ in range(rng.randint(1, 14))]
        if index % 4 == 0:
            parts.insert(rng.randrange(len(parts) + 1), rng.choice(specials))
        if index % 9 == 0:
            parts.append("".join(chr(rng.choice([rng.randint(0, 0x7f), rng.randint(0, 0x7ff), rng.randint(0x3000, 0x9fff), rng.randint(0x1f300, 0x1f6ff)])) for _ in range(8)))
        made.append("".join(parts))
    return list(dict.fromkeys(made))


def tokens_golden(tokenizers_of, rng):
    out = {}
    for family, tokenizer in tokenizers_of.items():
        rows = []
        for text in strings(rng):
            tokenizer.encode_special_tokens = True
            plain = tokenizer.encode(text, add_special_tokens=False).ids
            tokenizer.encode_special_tokens = False
            special = tokenizer.encode(text, add_special_tokens=False).ids
            row = {"s": text, "ids": plain, "text": tokenizer.decode(plain, skip_special_tokens=False)}
            if special != plain:
                row["special"] = special
            rows.append(row)
        out[family] = rows
    return out


def main(models_path, text_path):
    rng = random.Random(SEED)
    tokenizers_of = {family: make(pathlib.Path(models_path) / family, family, rng) for family in FAMILIES}
    golden = tokens_golden({family: tokenizers_of[family] for family in ("llama", "qwen2", "gemma3")}, rng)
    raw = json.dumps(golden, ensure_ascii=True, separators=(",", ":")).encode()
    target = pathlib.Path(text_path) / "tiny_tokens.json.gz"
    with open(target, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="", compresslevel=9) as packed:
        packed.write(raw)
    print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
