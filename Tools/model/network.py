"""The bundled model as a PyTorch module: Llama's layout, with the names that its files have.

RMSNorm before attention and feed-forward, rotary positions, grouped-query attention, SwiGLU, the
output head tied to the embedding.
"""

import json
import pathlib

import torch
from torch import nn
from torch.nn import functional

CONFIG = dict(
    architectures=["LlamaForCausalLM"], model_type="llama", hidden_size=256, intermediate_size=640,
    num_hidden_layers=5, num_attention_heads=8, num_key_value_heads=4, head_dim=32,
    max_position_embeddings=2048, rms_norm_eps=1e-5, rope_theta=10000.0, hidden_act="silu",
    attention_bias=False, mlp_bias=False, tie_word_embeddings=True, torch_dtype="bfloat16",
    initializer_range=0.02, use_cache=True,
)

# After so many layers the network should know which answer is asked for.
DECIDED_AFTER = 3


def rotated(x, cosines, sines):
    """Rotates pairs (i, i + half) of each head by the angle of its position."""
    first, second = x.chunk(2, dim=-1)
    return x * cosines + torch.cat((-second, first), dim=-1) * sines


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden, self.head = config["hidden_size"], config["head_dim"]
        queries, keys = (config[f"num_{kind}_heads"] * self.head for kind in ("attention", "key_value"))
        self.q_proj = nn.Linear(hidden, queries, bias=False)
        self.k_proj = nn.Linear(hidden, keys, bias=False)
        self.v_proj = nn.Linear(hidden, keys, bias=False)
        self.o_proj = nn.Linear(queries, hidden, bias=False)

    def forward(self, x, cosines, sines):
        batch, length, _ = x.shape
        q, k, v = (
            projection(x).view(batch, length, -1, self.head).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = rotated(q, cosines, sines), rotated(k, cosines, sines)
        repeat = q.shape[1] // k.shape[1]
        k, v = (t.repeat_interleave(repeat, dim=1) for t in (k, v))
        # In f32: under autocast PyTorch's backward pass in bf16 takes three times as long here.
        with torch.autocast("cpu", enabled=False):
            mixed = functional.scaled_dot_product_attention(
                q.float(), k.float(), v.float(), is_causal=True
            )
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, -1))


class FeedForward(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)

    def forward(self, x):
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        size, epsilon = config["hidden_size"], config["rms_norm_eps"]
        self.input_layernorm = nn.RMSNorm(size, epsilon)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = nn.RMSNorm(size, epsilon)
        self.mlp = FeedForward(config)

    def forward(self, x, cosines, sines):
        x = x + self.self_attn(self.input_layernorm(x), cosines, sines)
        return x + self.mlp(self.post_attention_layernorm(x))


class Network(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))
        self.norm = nn.RMSNorm(config["hidden_size"], config["rms_norm_eps"])
        half = config["head_dim"] // 2
        frequencies = config["rope_theta"] ** (-torch.arange(half) / half)
        angles = torch.arange(config["max_position_embeddings"])[:, None] * frequencies
        angles = torch.cat((angles, angles), dim=-1)
        self.register_buffer("cosines", angles.cos(), persistent=False)
        self.register_buffer("sines", angles.sin(), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                # What is added to the residual stream begins smaller, as the layers are summed.
                is_output = name.endswith(("o_proj.weight", "down_proj.weight"))
                depth = (2 * config["num_hidden_layers"]) ** -0.5 if is_output else 1
                scale = 0.02 if "embed" in name else parameter.shape[1] ** -0.5 * 0.7
                nn.init.normal_(parameter, std=scale * depth)

    def forward(self, tokens, wanted, deciding):
        """Logits of the `wanted` positions (a mask) of a batch of token rows, padded at the end,
        and what the middle of the network knows at the `deciding` positions, another mask.

        Where nothing is wanted (`None`), the upper half is not computed.
        """
        length = tokens.shape[1]
        x = self.embed_tokens(tokens)
        middle = None
        for index, layer in enumerate(self.layers):
            x = layer(x, self.cosines[:length], self.sines[:length])
            if index == DECIDED_AFTER - 1:
                middle = functional.rms_norm(x[deciding], x.shape[-1:])
                if wanted is None:
                    return None, middle
        return self.norm(x[wanted]) @ self.embed_tokens.weight.T, middle


def save(network, folder):
    """Writes config.json and model.safetensors (bfloat16), as transformers would."""
    from safetensors.torch import save_file

    folder = pathlib.Path(folder)
    (folder / "config.json").write_text(json.dumps(network.config, indent=2) + "\n")
    tensors = {
        "model." + name: tensor.to(torch.bfloat16).contiguous()
        for name, tensor in network.state_dict().items()
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
