"""Model folders that must be refused at start: one sound folder, and ways to spoil it.

Each case is (name, spoil, fragment): `spoil` changes a fresh copy of the sound folder, and the
server's complaint must hold `fragment`, a word of what is wrong or where. Standard library only.
"""

import json
import os
import pathlib
import random
import struct

HIDDEN, INNER, VOCABULARY = 32, 64, 264

CONFIG = dict(
    architectures=["Qwen2ForCausalLM"], model_type="qwen2", vocab_size=VOCABULARY,
    hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=1, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=512, rms_norm_eps=1e-6, rope_theta=10000.0,
    tie_word_embeddings=True, hidden_act="silu", torch_dtype="float32", eos_token_id=257,
)

CHAT_TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"


def tensors():
    layer = "model.layers.0."
    shapes = {
        "model.embed_tokens.weight": [VOCABULARY, HIDDEN],
        layer + "input_layernorm.weight": [HIDDEN],
        layer + "post_attention_layernorm.weight": [HIDDEN],
        layer + "self_attn.o_proj.weight": [HIDDEN, HIDDEN],
        layer + "mlp.gate_proj.weight": [INNER, HIDDEN],
        layer + "mlp.up_proj.weight": [INNER, HIDDEN],
        layer + "mlp.down_proj.weight": [HIDDEN, INNER],
        "model.norm.weight": [HIDDEN],
    }
    for name, outputs in (("q_proj", HIDDEN), ("k_proj", HIDDEN // 2), ("v_proj", HIDDEN // 2)):
        shapes[f"{layer}self_attn.{name}.weight"] = [outputs, HIDDEN]
        shapes[f"{layer}self_attn.{name}.bias"] = [outputs]
    generator = random.Random(1)
    return {name: ("F32", shape, values(generator, shape)) for name, shape in shapes.items()}


def values(generator, shape):
    count = 1
    for dimension in shape:
        count *= dimension
    return struct.pack(f"<{count}f", *(generator.uniform(-0.3, 0.3) for _ in range(count)))


def byte_alphabet():
    """GPT-2's printable stand-ins for the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    names = {byte: chr(byte) for byte in plain}
    names.update({byte: chr(256 + index) for index, byte in enumerate(others)})
    return [names[byte] for byte in range(256)]


def tokenizer():
    vocabulary = {name: index for index, name in enumerate(byte_alphabet())}
    special = dict(
        id=257, content="<|end|>", special=True, single_word=False, lstrip=False, rstrip=False,
        normalized=False,
    )
    byte_level = dict(
        type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True
    )
    vocabulary["th"] = 256
    model = dict(
        type="BPE", dropout=None, unk_token=None, continuing_subword_prefix=None,
        end_of_word_suffix=None, fuse_unk=False, byte_fallback=False, vocab=vocabulary,
        merges=["t h"],
    )
    return dict(
        version="1.0", truncation=None, padding=None, added_tokens=[special], normalizer=None,
        pre_tokenizer=byte_level, post_processor=None, decoder=byte_level, model=model,
    )


def safetensors(entries, header=None):
    """The bytes of a file; `header` replaces the right header."""
    data, right = b"", {}
    for name, (dtype, shape, content) in entries.items():
        offsets = [len(data), len(data) + len(content)]
        right[name] = dict(dtype=dtype, shape=shape, data_offsets=offsets)
        data += content
    text = header if isinstance(header, bytes) else json.dumps(header or right).encode()
    return struct.pack("<Q", len(text)) + text + data


class Folder:
    """A model folder on disk, with handles on its parts for those who spoil it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir()
        self.entries = tensors()
        self.write("config.json", CONFIG)
        self.write("generation_config.json", {"eos_token_id": 257})
        self.write("tokenizer.json", tokenizer())
        self.write("tokenizer_config.json", {"eos_token": "<|end|>", "chat_template": CHAT_TEMPLATE})
        self.weights()

    def write(self, name, content):
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        (self.path / name).write_bytes(content)

    def weights(self, header=None):
        self.write("model.safetensors", safetensors(self.entries, header))

    def header(self):
        content = (self.path / "model.safetensors").read_bytes()
        return json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])

    def config(self, **changes):
        self.write("config.json", {**CONFIG, **changes})

    def remove(self, name):
        (self.path / name).unlink()

    def replace_by(self, name, make):
        self.remove(name)
        make(self.path / name)

    def index(self, weight_map):
        self.write("model.safetensors.index.json", {"weight_map": weight_map})

    def edit_tokenizer(self, change):
        content = tokenizer()
        change(content)
        self.write("tokenizer.json", content)

    def edit_header(self, change):
        header = self.header()
        change(header)
        self.weights(header)

    def cut(self, name, count):
        content = (self.path / name).read_bytes()
        self.write(name, content[:count] if count >= 0 else content[:count])


NORM = "model.norm.weight"
WEIGHTS = "model.safetensors"


def _shift(header):
    entry = header[NORM]
    entry["data_offsets"] = [value - 4 for value in entry["data_offsets"]]


def _rename(folder, old, new):
    folder.entries[new] = folder.entries.pop(old)
    folder.weights()


def _retype(folder, name, dtype, shape, size):
    folder.entries[name] = (dtype, shape, bytes(size))
    folder.weights()


CASES = [
    # The folder itself.
    ("no such folder", lambda f: f.path.rename(f.path.with_suffix(".away")), "no such"),
    ("a file in place of the folder",
     lambda f: (f.path.rename(f.path.with_suffix(".away")), f.path.write_bytes(b"x")), "folder"),
    ("an empty folder", lambda f: [entry.unlink() for entry in f.path.iterdir()], "config.json"),
    # config.json.
    ("config.json missing", lambda f: f.remove("config.json"), "config.json"),
    ("config.json empty", lambda f: f.write("config.json", b""), "config.json"),
    ("config.json cut short", lambda f: f.cut("config.json", 60), "config.json"),
    ("config.json is a list", lambda f: f.write("config.json", []), "config.json"),
    ("config.json nested 100,000 deep",
     lambda f: f.write("config.json", b'{"a":' + b"[" * 100_000), "config.json"),
    ("config.json is a directory", lambda f: f.replace_by("config.json", os.mkdir), "config.json"),
    ("config.json is a FIFO", lambda f: f.replace_by("config.json", os.mkfifo), "config.json"),
    ("config.json is a loop of links",
     lambda f: f.replace_by("config.json", lambda path: path.symlink_to(path)), "config.json"),
    ("config.json not UTF-8",
     lambda f: f.write("config.json", b'{"architectures": ["\xff\xfe"]}'), "config.json"),
    ("an unknown architecture", lambda f: f.config(architectures=["NoSuchModel"]), "NoSuchModel"),
    ("no architecture", lambda f: f.config(architectures=[]), "architectures"),
    ("a size missing", lambda f: f.config(hidden_size=None), "hidden_size"),
    ("a size as text", lambda f: f.config(hidden_size="32"), "hidden_size"),
    ("a negative size", lambda f: f.config(num_hidden_layers=-1), "num_hidden_layers"),
    ("a size of 2^63", lambda f: f.config(vocab_size=1 << 63), "vocab_size"),
    ("a size of 1e400",
     lambda f: f.write("config.json", json.dumps(CONFIG).replace("264", "1e400").encode()),
     "config.json"),
    ("heads that cannot be shared", lambda f: f.config(num_key_value_heads=3), "heads"),
    ("an unknown rope type",
     lambda f: f.config(rope_scaling={"rope_type": "spiral", "factor": 2}), "spiral"),
    ("a factor of zero",
     lambda f: f.config(rope_scaling={"rope_type": "linear", "factor": 0}), "factor"),
    ("a quantised model",
     lambda f: f.config(quantization_config={"quant_method": "awq", "bits": 4}), "awq"),
    ("config.json of a larger model", lambda f: f.config(num_hidden_layers=2), "layers.1"),
    # model.safetensors.
    ("weights missing", lambda f: f.remove(WEIGHTS), WEIGHTS),
    ("weights empty", lambda f: f.write(WEIGHTS, b""), WEIGHTS),
    ("weights cut in the header", lambda f: f.cut(WEIGHTS, 100), "truncated"),
    ("weights cut in the data", lambda f: f.cut(WEIGHTS, -100), "truncated"),
    ("a header of 2^64 - 1 bytes",
     lambda f: f.write(WEIGHTS, b"\xff" * 8 + bytes(64)), "header"),
    ("a header nested 100,000 deep",
     lambda f: f.weights(b'{"a":' + b"[" * 100_000), WEIGHTS),
    ("tensors that overlap", lambda f: f.edit_header(_shift), NORM),
    ("offsets backwards",
     lambda f: f.edit_header(lambda h: h[NORM]["data_offsets"].reverse()), NORM),
    ("offsets past 2^63",
     lambda f: f.edit_header(lambda h: h[NORM].update(data_offsets=[0, 1 << 63])), WEIGHTS),
    ("a shape that overflows",
     lambda f: f.edit_header(lambda h: h[NORM].update(shape=[1 << 62, 1 << 62, 4])), NORM),
    ("a negative shape", lambda f: f.edit_header(lambda h: h[NORM].update(shape=[-32])), NORM),
    ("an unknown dtype", lambda f: f.edit_header(lambda h: h[NORM].update(dtype="F33")), "F33"),
    ("a tensor missing", lambda f: (f.entries.pop(NORM), f.weights()), NORM),
    ("a tensor under another name", lambda f: _rename(f, NORM, "model.norm.scale"), "model.norm"),
    ("a tensor too many", lambda f: _retype(f, "model.extra", "F32", [2], 8), "model.extra"),
    ("a tensor of another shape", lambda f: _retype(f, NORM, "F32", [16], 64), NORM),
    ("a tensor of integers", lambda f: _retype(f, NORM, "I32", [32], 128), NORM),
    ("bytes after the last tensor",
     lambda f: f.write(WEIGHTS, (f.path / WEIGHTS).read_bytes() + b"tail"), "after"),
    # Shards.
    ("an index that leaves the folder", lambda f: f.index({NORM: "../" + WEIGHTS}), "leaves"),
    ("an index with an absolute path", lambda f: f.index({NORM: "/etc/hostname"}), "leaves"),
    ("an index that names a missing shard", lambda f: f.index({NORM: "shard-2"}), "shard-2"),
    ("an index without a map",
     lambda f: f.write("model.safetensors.index.json", {"metadata": {}}), "weight_map"),
    ("an index that names a number", lambda f: f.index({NORM: 7}), "index.json"),
    # The tokenizer.
    ("tokenizer.json missing", lambda f: f.remove("tokenizer.json"), "tokenizer.json"),
    ("tokenizer.json cut short", lambda f: f.cut("tokenizer.json", 500), "tokenizer.json"),
    ("tokenizer.json without a model",
     lambda f: f.edit_tokenizer(lambda t: t.pop("model")), "model"),
    ("an unknown tokenizer model",
     lambda f: f.edit_tokenizer(lambda t: t["model"].update(type="Psychic")), "Psychic"),
    ("a token id of 2^40",
     lambda f: f.edit_tokenizer(lambda t: t["model"]["vocab"].update({"th": 1 << 40})), "tokenizer"),
    ("a negative token id",
     lambda f: f.edit_tokenizer(lambda t: t["model"]["vocab"].update({"th": -5})), "tokenizer"),
    ("a merge of unknown tokens",
     lambda f: f.edit_tokenizer(lambda t: t["model"].update(merges=["q zq"])), "tokenizer"),
    ("an unknown pre-tokenizer",
     lambda f: f.edit_tokenizer(lambda t: t.update(pre_tokenizer={"type": "Oracle"})), "Oracle"),
    ("a chat template that is no template",
     lambda f: f.write("tokenizer_config.json", {"chat_template": "{% for x in %}{{"}), "template"),
]
