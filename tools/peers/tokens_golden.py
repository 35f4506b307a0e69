#!/usr/bin/env python3
"""Makes infra/text/golden/tokens.json.gz and chats.json.gz: what the reference libraries say about this model's text.

Needs an environment of its own (never the product's): pip install torch==2.13.0 transformers==5.17 gguf==0.19
Run:  python tools/peers/tokens_golden.py --model .cache/models/SmolLM2-135M-Instruct.Q4_1.gguf

The reference for ids is the `tokenizers` library with the GGUF's tokens and merges and with the pre-tokenizer that
`tokenizer.ggml.pre` names: for "smollm" digits one by one, then ByteLevel. transformers' own conversion of a GGUF ignores
`pre` (plain ByteLevel) and turns a byte that has no token into <|endoftext|>; the strings where that shows are counted at the end.
The strings are made here from one seed and stored with their ids, so the TypeScript test needs neither Python nor the same chance.
"""
import argparse
import gzip
import json
import os
import random
import re

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers  # noqa: E402
from tokenizers import AddedToken  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

SEED = 20261121
LLAMA_BPE = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
             r"|\s*[\r\n]+|\s+(?!\S)|\s+")

WORDS = ("the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were "
         "tool gap agent returns error function value index buffer length request Wasser Straße naïve coöperate façade jalapeño "
         "don't it's we'll they've I'm you're he'd 'tis o'clock cats' JSON HTTP2 README.md snake_case camelCase kebab-case SCREAMING").split()

# name, ranges of code points, what separates words
SCRIPTS = [
    ("latin", [(0x61, 0x7a), (0xe0, 0xff), (0x100, 0x17f)], " "), ("greek", [(0x391, 0x3a1), (0x3b1, 0x3c9)], " "),
    ("cyrillic", [(0x410, 0x44f), (0x450, 0x45f)], " "), ("armenian", [(0x561, 0x586)], " "), ("hebrew", [(0x5d0, 0x5ea)], " "),
    ("arabic", [(0x621, 0x63a), (0x641, 0x652), (0x660, 0x669)], " "), ("devanagari", [(0x905, 0x939), (0x93e, 0x94d), (0x966, 0x96f)], " "),
    ("bengali", [(0x985, 0x98c), (0x9be, 0x9cd), (0x9e6, 0x9ef)], " "), ("tamil", [(0xb85, 0xb8a), (0xbbe, 0xbcd)], " "),
    ("thai", [(0xe01, 0xe3a), (0xe40, 0xe4e), (0xe50, 0xe59)], ""), ("tibetan", [(0xf40, 0xf47), (0xf71, 0xf7e), (0xf0b, 0xf0d)], "\u0f0b"),
    ("georgian", [(0x10d0, 0x10f0)], " "), ("hangul", [(0xac00, 0xd7a3)], " "), ("jamo", [(0x1100, 0x1112), (0x1161, 0x1175)], " "),
    ("ethiopic", [(0x1200, 0x1248), (0x1369, 0x137c)], "\u1361"), ("khmer", [(0x1780, 0x17b3), (0x17b6, 0x17d3)], ""),
    ("mongolian", [(0x1820, 0x1842)], " "), ("hiragana", [(0x3041, 0x3096)], "\u3001"), ("katakana", [(0x30a1, 0x30fa), (0x30fc, 0x30fe)], "\u30fb"),
    ("han", [(0x4e00, 0x9fa5)], "\u3002"), ("han-b", [(0x20000, 0x2a6d6)], ""), ("gothic", [(0x10330, 0x1034a)], " "),
    ("math", [(0x1d400, 0x1d454), (0x1d7ce, 0x1d7ff)], " "), ("cuneiform", [(0x12000, 0x12399), (0x12400, 0x1246e)], " "),
    ("roman-numerals", [(0x2160, 0x2188)], " "), ("fractions", [(0xbc, 0xbe), (0x2150, 0x215e), (0x2460, 0x249b)], " "),
    ("fullwidth", [(0xff01, 0xff5e)], "\u3000"), ("symbols", [(0x2190, 0x23ff), (0x2500, 0x257f), (0x2600, 0x26ff)], " "),
    ("punctuation", [(0x2010, 0x2027), (0x2030, 0x205e)], " "), ("currency", [(0x20a0, 0x20bf)], " "), ("private", [(0xe000, 0xe020), (0xfdd0, 0xfdd3)], " "),
]
SPACES = [" ", "  ", "    ", "\t", "\t\t", "\n", "\n\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1f", "\x85", "\xa0", "\u1680", "\u180e", "\u2002",
          "\u2009", "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff", " \n ", "\n\t", " \r\n  "]
EMOJI = ["\U0001F600", "\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466", "\U0001F3F3\ufe0f\u200d\U0001F308", "\U0001F44D\U0001F3FD", "\u2764\ufe0f",
         "\U0001F1E9\U0001F1EA", "1\ufe0f\u20e3", "\U0001F9D1\U0001F3FF\u200d\U0001F4BB", "\u2615", "\U0001F469\u200d\U0001F680", "\U0001FAE0", "#\ufe0f\u20e3",
         "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F"]


def word(rng):
    return rng.choice(WORDS)


def sentence(rng, count):
    return " ".join(word(rng) for _ in range(count)).capitalize() + rng.choice([".", "!", "?", "...", ";", ":", ""])


def script_text(rng, script):
    _, ranges, gap = script
    return gap.join("".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(1, 8))) for _ in range(rng.randint(1, 7)))


def combining(rng):
    return "".join(rng.choice("aeiounAEIOUçñ \u0905\u05d0") + "".join(chr(rng.randint(0x300, 0x36f)) for _ in range(rng.randint(0, 4))) for _ in range(rng.randint(1, 14)))


def digits(rng):
    kind = rng.randrange(8)
    n = rng.randint(0, 10 ** rng.randint(1, 18))
    return [f"{n}", f" {n}", f"x{n}y {n}", f"{n:,}", f"{n}.{rng.randint(0, 999)}e-{rng.randint(1, 30)}", f"0x{n:x}", f"v{n % 100}.{n % 7}.{n % 13}-rc{n % 5}  {n}\n  {n}",
            f"{n % 2000}-{n % 12:02d}-{n % 28:02d}T{n % 24:02d}:{n % 60:02d}Z"][kind]


def whitespace(rng):
    return "".join(rng.choice(SPACES) if rng.random() < 0.6 else rng.choice(["a", "if", "1", "{", "é", "\u4e2d", "...", "'s"]) for _ in range(rng.randint(1, 18)))


def code(rng):
    name, other, n = word(rng).lower().strip("'"), word(rng).lower().strip("'"), rng.randint(0, 4096)
    indent = rng.choice(["  ", "    ", "\t"])
    return rng.choice([
        f"def {name}({other}: int = {n}) -> list[str]:\n{indent}return [f\"{{{other}!r:>8}}\" for _ in range({n})]\n",
        f"for (let i = 0; i < {name}.length; i++) {{\n{indent}{name}[i] ??= {other}?.[{n}] ?? null; // {other}\n}}\n",
        f"#include <{name}.h>\n\ntemplate <typename T>\nstatic inline T* {name}_{other}(T** p, size_t n) {{ return p && *p ? &(*p)[n % {n + 1}] : nullptr; }}\n",
        f"fn {name}<'a>(x: &'a [u8; {n}]) -> Result<&'a str, Error> {{\n{indent}Ok(std::str::from_utf8(&x[..{n}])?)\n}}\n",
        f"SELECT \"{name}\", COUNT(*) AS n FROM {other} WHERE id <> {n} GROUP BY 1 HAVING n >= {n} -- {name}\r\n",
        f"<div class=\"{name} {other}-{n}\">\n{indent}<a href='https://example.org/{name}?q={other}&n={n}#top'>{name}&nbsp;</a>\n</div>\n",
        json.dumps({"role": "tool", "name": name, "args": {"path": f"/{other}/{name}.ts", "line": n, "ok": True, "none": None}}, indent=rng.choice([None, 2, 4])),
        f"$ grep -rn --include='*.{name}' \"{other}\" ./src | awk -F: '{{print $1}}' | sort | uniq -c > /tmp/{name}.{n} 2>&1\n",
        f"@@ -{n},7 +{n},9 @@ {name}\n-{indent}{other}\n+{indent}{other} += {n};\n+\n \n",
        f"{name}:\n{indent}- {other}: &{name} '{n}'\n{indent}- <<: *{name}\n",
        f"\\begin{{{name}}} \\frac{{{n}}}{{{other}_{{{n}}}^2}} \\end{{{name}}} % {other}\n",
        f"    at Object.{name} (/srv/app/{other}.js:{n}:{n % 80})\n        at async {other} (node:internal/{name}:{n}:5)\n",
        f"if __name__ == '__{name}__':\n\n\n{indent}{indent}{indent}print('''{other}\n{indent}''', end='')\n",
        f"| {name} | {other} |\n|:---|---:|\n| **{n}** | `{other}` |\n\n> {name}\n\n***\n",
    ])


def lookalike(rng, control):
    token = rng.choice(control)
    cut = rng.randint(1, len(token) - 1)
    return rng.choice([
        token, f"{word(rng)}{token}{word(rng)}", f"{token}{rng.choice(control)}", f"{token}\n {token} ", token[:cut], token[cut:], f"{token[:cut]} {token[cut:]}",
        token.upper(), f"<{token}>", f"{token[:-1]}{token}", f"<|im_start|>system\n{sentence(rng, 4)}<|im_end|>\n<|im_start|>assistant\n", f"<|{word(rng)}|>",
        token.replace("|", "\uff5c"), token[:cut] + "\u200b" + token[cut:], f"\u00e9{token}\u00e9", f"   {token}   "])


def anything(rng):
    def point():
        while True:
            value = rng.choice([rng.randint(0, 0x7f), rng.randint(0, 0x7ff), rng.randint(0, 0xffff), rng.randint(0x10000, 0x1ffff), rng.randint(0, 0x10ffff)])
            if not 0xd800 <= value <= 0xdfff:
                return chr(value)
    return "".join(point() for _ in range(rng.randint(1, 24)))


def mixture(rng, control):
    makers = [lambda: sentence(rng, 3), lambda: script_text(rng, rng.choice(SCRIPTS)), lambda: combining(rng), lambda: digits(rng),
              lambda: whitespace(rng), lambda: rng.choice(EMOJI), lambda: lookalike(rng, control)]
    return "".join(rng.choice(makers)() for _ in range(rng.randint(2, 6)))


def long_lines(rng):
    yield "a" * 5000
    yield " " * 3000 + "x"
    yield "\n" * 1500
    yield "=" * 4000
    yield "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") for _ in range(12000))
    yield "".join(chr(rng.randint(0x4e00, 0x9fa5)) for _ in range(2000))
    yield "\U0001F600" * 800
    yield "0123456789" * 800
    yield " ".join(word(rng) for _ in range(3000))
    yield ",".join(str(rng.randint(0, 99999)) for _ in range(1500))
    yield "".join(chr(0x61) + chr(0x301) for _ in range(1500))
    yield "/".join(word(rng).lower() for _ in range(900))


def strings(control):
    rng = random.Random(SEED)
    made = ["", " ", "\n", "a", "\u0000", "\ufffd", "\ufeffBOM", "e\u0301", "\u00e9", "\u1e9e\u00df", "\u01c5", "\u200d", "\u0085\u0085x", "it's IT'S it\u2019s", "'S'T'RE", "  's", "\u00bd1\u00bd", "x\u00b2y", "a\u20dd"]
    made += [chr(i) for i in range(256)] + [f"a{chr(i)}b " for i in range(0x80)]
    for _ in range(350):
        made.append(code(rng))
    for script in SCRIPTS:
        made += [script_text(rng, script) for _ in range(20)]
    for maker, count in ((combining, 150), (digits, 320), (whitespace, 450), (anything, 300)):
        made += [maker(rng) for _ in range(count)]
    made += [sentence(rng, rng.randint(1, 30)) for _ in range(250)]
    made += ["".join(rng.choice(EMOJI) + rng.choice(["", " ", "x", "\u200d"]) for _ in range(rng.randint(1, 6))) for _ in range(120)]
    made += [lookalike(rng, control) for _ in range(300)]
    made += [mixture(rng, control) for _ in range(450)]
    made += [code(rng).replace("\n", "\r\n") for _ in range(80)]
    made += list(long_lines(rng))
    return list(dict.fromkeys(made))


def reference(tokens, merges, control, pre):
    split = {
        "smollm": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]),
        "gpt-2": lambda: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        "llama-bpe": lambda: pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA_BPE), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
    }[pre]()
    made = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges, ignore_merges=pre == "llama-bpe"))
    made.pre_tokenizer = split
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, normalized=False) for token in control])
    return made


def ids_of(tokenizer, text, special):
    tokenizer.encode_special_tokens = not special
    return tokenizer.encode(text, add_special_tokens=False).ids


def tokens_golden(references, control, theirs):
    smollm, rows, differing = references["smollm"], [], {"a byte without a token": 0, "a digit beyond ASCII": 0, "spaces before a digit": 0, "other": 0}
    rng = random.Random(SEED + 1)
    for index, text in enumerate(strings(control)):
        plain, special = ids_of(smollm, text, False), ids_of(smollm, text, True)
        row = {"s": text, "ids": plain}
        if special != plain:
            row["special"] = special
        if index % 6 == 0 and len(text) < 400:
            row["gpt2"], row["llama"] = ids_of(references["gpt-2"], text, False), ids_of(references["llama-bpe"], text, False)
        if smollm.decode(plain, skip_special_tokens=False) != text:
            row["lossy"] = 1
        rows.append(row)
        if theirs(text, add_special_tokens=False)["input_ids"] != special:
            differing[why_differing(text, "lossy" in row)] += 1
    vocabulary = len(smollm.get_vocab())
    decoded = []
    for _ in range(200):
        ids = [rng.randrange(17, vocabulary) for _ in range(rng.randint(1, 30))]
        decoded.append({"ids": ids, "s": smollm.decode(ids, skip_special_tokens=True)})
    return {"seed": SEED, "strings": rows, "decoded": decoded}, differing


def why_differing(text, lossy):
    if lossy:
        return "a byte without a token"
    if any(c.isnumeric() and not c.isascii() for c in text):
        return "a digit beyond ASCII"
    return "spaces before a digit" if re.search(r"\s\s[0-9]", text) else "other"


def chats():
    rng = random.Random(SEED + 2)
    system = {"role": "system", "content": "You review repositories.\nBe brief."}

    def user(text):
        return {"role": "user", "content": text}

    def assistant(text):
        return {"role": "assistant", "content": text}
    made = [[user("Hi")], [system, user("Hi")], [system], [assistant("I start.")], [user("")], [user("Hi"), assistant(""), user("?")], [user("a"), user("b"), user("c")],
            [system, system, user("x")], [user("  lead"), assistant("trail  \n"), user("\n\nboth\n\n")], [user("1\n2"), assistant("\n"), user("\t")],
            [user("x"), system, user("late system")], [user("\u0301combining first"), assistant("\U0001F600")], [user("{{ braces }} {% raw %}"), assistant("{# note #}")],
            [user("' \" \\ \\n"), assistant("<b>&amp;</b>")], [user("a\r\nb"), assistant("\r\n")]]
    for _ in range(45):
        chat = [system] if rng.random() < 0.5 else []
        for _ in range(rng.randint(1, 9)):
            chat.append(user(rng.choice([code, digits, whitespace, combining])(rng) if rng.random() < 0.6 else sentence(rng, rng.randint(1, 40))))
            chat.append(assistant(sentence(rng, rng.randint(1, 30)) if rng.random() < 0.7 else code(rng)))
        made.append(chat if rng.random() < 0.3 else chat[:-1])
    return made


def chats_golden(theirs, smollm):
    rows = []
    for messages in chats():
        for prompt in (True, False):
            text = theirs.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt)
            rows.append({"messages": messages, "prompt": prompt, "text": text, "ids": ids_of(smollm, text, True)})
    return rows


def write(path, value):
    raw = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
    with open(path, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="", compresslevel=9) as packed:
        packed.write(raw)
    print(f"{path}: {os.path.getsize(path)} bytes, {len(raw)} unpacked")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--model", required=True, help="GGUF with a byte-level BPE tokenizer")
    arguments.add_argument("--out", default="infra/text/golden")
    options = arguments.parse_args()
    theirs = AutoTokenizer.from_pretrained(os.path.dirname(options.model) or ".", gguf_file=os.path.basename(options.model))
    model = json.loads(theirs.backend_tokenizer.to_str())
    tokens = [token for token, _ in sorted(theirs.get_vocab().items(), key=lambda item: item[1])]
    merges = [tuple(merge) if isinstance(merge, list) else tuple(merge.split(" ")) for merge in model["model"]["merges"]]
    control = [added["content"] for added in model["added_tokens"]]
    references = {pre: reference(tokens, merges, control, pre) for pre in ("smollm", "gpt-2", "llama-bpe")}
    golden, differing = tokens_golden(references, control, theirs)
    os.makedirs(options.out, exist_ok=True)
    write(os.path.join(options.out, "tokens.json.gz"), golden)
    write(os.path.join(options.out, "chats.json.gz"), chats_golden(theirs, references["smollm"]))
    print(f"{len(golden['strings'])} strings; transformers' GGUF conversion differs on: {differing}")


if __name__ == "__main__":
    main()
