#!/usr/bin/env python3
"""Makes a checkpoint of random weights in the shape of a published model, for benchmarks.

The weights are random, so its text is noise; sizes, layout and speed are those of the real model.
The tokenizer is a byte-level BPE trained on the spot on the Python library's own sources, and a
ChatML template comes with it, so that every endpoint works. It has fewer tokens than the shape's
vocabulary; the rows of the others are zero, as in padded vocabularies, so that they stay unlikely.

Usage: make_checkpoint.py SHAPE FOLDER [--dtype bf16|f16|f32] [--seed N]     (SHAPE: see --help)
Needs numpy and tokenizers (Tools/oracles/setup.sh makes an environment that has them).
"""

import argparse
import json
import pathlib
import shutil
import struct
import sysconfig

import numpy as np

SHAPES = {
    # Qwen2.5-0.5B, from its published config.json.
    "qwen2.5-0.5b": dict(
        architectures=["Qwen2ForCausalLM"], model_type="qwen2", vocab_size=151936,
        hidden_size=896, intermediate_size=4864, num_hidden_layers=24, num_attention_heads=14,
        num_key_value_heads=2, max_position_embeddings=32768, rms_norm_eps=1e-6,
        rope_theta=1000000.0, tie_word_embeddings=True, hidden_act="silu",
        use_sliding_window=False,
    ),
    # Llama-3.2-1B, from its published config.json.
    "llama-3.2-1b": dict(
        architectures=["LlamaForCausalLM"], model_type="llama", vocab_size=128256,
        hidden_size=2048, intermediate_size=8192, num_hidden_layers=16, num_attention_heads=32,
        num_key_value_heads=8, head_dim=64, max_position_embeddings=131072, rms_norm_eps=1e-5,
        rope_theta=500000.0, tie_word_embeddings=True, hidden_act="silu", attention_bias=False,
        rope_scaling=dict(
            rope_type="llama3", factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=8192,
        ),
    ),
    # Two layers, for a quick trial of every endpoint.
    "tiny": dict(
        architectures=["Qwen2ForCausalLM"], model_type="qwen2", vocab_size=2048, hidden_size=64,
        intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=2048, rms_norm_eps=1e-6, rope_theta=10000.0,
        tie_word_embeddings=True, hidden_act="silu", use_sliding_window=False,
    ),
}

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tensors(shape):
    """Yields (name, shape) of every tensor, in the layout of the transformers library."""
    hidden, inner = shape["hidden_size"], shape["intermediate_size"]
    head = shape.get("head_dim", hidden // shape["num_attention_heads"])
    queries, keys = shape["num_attention_heads"] * head, shape["num_key_value_heads"] * head
    yield "model.embed_tokens.weight", (shape["vocab_size"], hidden)
    for layer in range(shape["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        yield prefix + "input_layernorm.weight", (hidden,)
        yield prefix + "post_attention_layernorm.weight", (hidden,)
        for name, outputs in (("q_proj", queries), ("k_proj", keys), ("v_proj", keys)):
            yield f"{prefix}self_attn.{name}.weight", (outputs, hidden)
            if shape["model_type"] == "qwen2":
                yield f"{prefix}self_attn.{name}.bias", (outputs,)
        yield prefix + "self_attn.o_proj.weight", (hidden, queries)
        yield prefix + "mlp.gate_proj.weight", (inner, hidden)
        yield prefix + "mlp.up_proj.weight", (inner, hidden)
        yield prefix + "mlp.down_proj.weight", (hidden, inner)
    yield "model.norm.weight", (hidden,)
    if not shape["tie_word_embeddings"]:
        yield "lm_head.weight", (shape["vocab_size"], hidden)


def encoded(values, dtype):
    """The little-endian bytes of float32 values; to bf16 they are rounded to nearest even."""
    if dtype == "bf16":
        bits = values.view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()
    return values.astype(np.float16 if dtype == "f16" else np.float32).tobytes()


def write_weights(path, shape, token_count, dtype, seed):
    """Writes model.safetensors, tensor by tensor, so that memory stays small."""
    width = 4 if dtype == "f32" else 2
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, dimensions in tensors(shape):
        size = int(np.prod(dimensions)) * width
        header[name] = dict(
            dtype=dtype.upper(), shape=list(dimensions), data_offsets=[end, end + size]
        )
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    generator = np.random.default_rng(seed)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, dimensions in tensors(shape):
            if name.endswith("norm.weight"):
                values = np.ones(dimensions, np.float32)
            else:
                scale = 0.2 if dimensions[0] == shape["vocab_size"] else dimensions[-1] ** -0.5
                values = generator.standard_normal(dimensions, np.float32) * np.float32(scale)
                if dimensions[0] == shape["vocab_size"]:
                    values[token_count:] = 0
            file.write(encoded(values, dtype))


def write_tokenizer(folder, vocabulary_size):
    """Trains and writes the tokenizer; returns its size and the id that ends a turn."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    sources = sorted(library.glob("*.py"))[:80]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=min(vocabulary_size, 8192),
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (source.read_text(errors="ignore") for source in sources)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    configuration = dict(
        eos_token="<|im_end|>", pad_token="<|endoftext|>", bos_token=None,
        chat_template=CHAT_TEMPLATE, tokenizer_class="PreTrainedTokenizerFast",
    )
    (folder / "tokenizer_config.json").write_text(json.dumps(configuration, indent=1))
    return tokenizer.get_vocab_size(), tokenizer.token_to_id("<|im_end|>")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=sorted(SHAPES))
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--dtype", choices=["bf16", "f16", "f32"], default="bf16")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    shape, folder = SHAPES[options.shape], options.folder
    if folder.exists():
        parser.error(f"{folder} exists; remove it or name another folder")
    # Made under another name, so that a folder that is there is whole.
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    token_count, end = write_tokenizer(part, shape["vocab_size"])
    name = {"bf16": "bfloat16", "f16": "float16", "f32": "float32"}[options.dtype]
    configuration = dict(shape, torch_dtype=name, eos_token_id=end)
    (part / "config.json").write_text(json.dumps(configuration, indent=1))
    (part / "generation_config.json").write_text(json.dumps({"eos_token_id": end}))
    write_weights(part / "model.safetensors", shape, token_count, options.dtype, options.seed)
    part.rename(folder)
    total = sum(int(np.prod(dimensions)) for _, dimensions in tensors(shape))
    print(f"{folder}: {options.shape}, {total / 1e6:.0f} M parameters, {options.dtype}")


if __name__ == "__main__":
    main()
