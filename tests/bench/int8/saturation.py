"""Full range (127) or 7 bits (64) for int8 weights? What each costs in exact arithmetic, and what the full range costs
where sums of two products are clipped to 16 bits (VPMADDUBSW: ONNX Runtime's native kernel on x86-64 before VNNI; not
WebAssembly). An emulation of the exported graph's integers in numpy, so that it needs no such machine. Prints JSON.

    python -m venv env && env/bin/pip install numpy
    coppice export --model MODEL --output SCRATCH --weights fp32
    env/bin/python tests/bench/int8/saturation.py --onnx SCRATCH/onnx/model.onnx --config SCRATCH/config.json \\
      --ids ids.jsonl [--tokens 128] [--reviews 12] [--skip-clipped]

ids.jsonl: what `coppice tokenize` prints. Even layers only.
"""
import argparse
import json
import math
import pathlib

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--onnx", required=True)
parser.add_argument("--config", required=True)
parser.add_argument("--ids", required=True)
parser.add_argument("--tokens", type=int, default=128)
parser.add_argument("--reviews", type=int, default=12)
parser.add_argument("--skip-clipped", action="store_true", help="leave out the slow emulation of 16-bit sums")
arguments = parser.parse_args()
config = json.loads(pathlib.Path(arguments.config).read_text())


def fields(data):
    """(number, value) of each field of a protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            assert key & 7 == 2, key & 7
            length = varint()
            yield key >> 3, data[at : at + length]
            at += length


weights = {}
for number, graph in fields(memoryview(pathlib.Path(arguments.onnx).read_bytes())):
    if number != 7:
        continue
    for part, tensor in fields(graph):
        if part == 5:
            found = list(fields(tensor))
            shape = [value for key, value in found if key == 1]
            name = bytes(dict(found)[8]).decode()
            weights[name] = np.frombuffer(dict(found)[9], dtype=np.float32).reshape(shape)


def quantised(w, limit):
    largest = np.abs(w).max(axis=1, keepdims=True)
    scale = np.where(largest > 0, largest / limit, 1).astype(np.float32)
    return np.rint(w / scale).astype(np.int16), scale[:, 0]


class Arithmetic:
    """limit None: float32. saturate: sums of two neighbouring products are clipped to 16 bits."""

    def __init__(self, limit, saturate=False):
        self.limit, self.saturate, self.cache = limit, saturate, {}
        self.pairs = self.clipped = 0

    def matrix(self, name):
        if name not in self.cache:
            self.cache[name] = quantised(weights[name], self.limit)
        return self.cache[name]

    def words(self, ids):
        table = weights["bert.embeddings.word_embeddings.weight"][ids]
        if self.limit is None:
            return table
        q, scale = quantised(table, 127)
        return q * scale[:, None]

    def linear(self, name, x, rows=None):
        """x W^T + b of the first `rows` rows of x, whose range is that of all."""
        bias = weights[name + ".bias"]
        if self.limit is None:
            return x[:rows] @ weights[name + ".weight"].T + bias
        w, w_scale = self.matrix(name + ".weight")
        low, high = min(x.min(), 0), max(x.max(), 0)
        x_scale = np.float32((high - low) / 255)
        zero = np.rint(-low / x_scale)
        q = np.clip(np.rint(x[:rows] / x_scale) + zero, 0, 255).astype(np.int32)
        if not self.saturate:
            sums = (q.astype(np.float64) - zero) @ w.T.astype(np.float64)
        else:
            sums = np.zeros((q.shape[0], w.shape[0]), np.int64)
            for k in range(0, q.shape[1], 2):
                pair = np.outer(q[:, k], w[:, k])
                if k + 1 < q.shape[1]:
                    pair += np.outer(q[:, k + 1], w[:, k + 1])
                clipped = np.clip(pair, -32768, 32767)
                self.pairs += pair.size
                self.clipped += int((clipped != pair).sum())
                sums += clipped
            sums = sums - int(zero) * w.sum(axis=1, dtype=np.int64)
        return (sums * (x_scale * w_scale) + bias).astype(np.float32)


def layer_norm(name, x):
    mean = x.mean(axis=1, keepdims=True)
    deviation = np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + config["layer_norm_eps"])
    return (x - mean) / deviation * weights[name + ".weight"] + weights[name + ".bias"]


erf = np.vectorize(math.erf, otypes=[np.float32])


def logits(ids, a):
    heads = config["num_attention_heads"]
    e = "bert.embeddings."
    x = a.words(ids) + weights[e + "position_embeddings.weight"][: len(ids)]
    x = layer_norm(e + "LayerNorm", x + weights[e + "token_type_embeddings.weight"][0])
    last = config["num_hidden_layers"] - 1
    for i in range(last + 1):
        p = f"bert.encoder.layer.{i}."
        rows = 1 if i == last else len(ids)
        split = lambda y: y.reshape(len(y), heads, -1).transpose(1, 0, 2)
        q = split(a.linear(p + "attention.self.query", x, rows))
        k = split(a.linear(p + "attention.self.key", x))
        v = split(a.linear(p + "attention.self.value", x))
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(np.float32(q.shape[2]))
        scores = np.exp(scores - scores.max(axis=2, keepdims=True))
        context = (scores / scores.sum(axis=2, keepdims=True) @ v).transpose(1, 0, 2).reshape(rows, -1)
        middle = layer_norm(
            p + "attention.output.LayerNorm", a.linear(p + "attention.output.dense", context) + x[:rows]
        )
        wide = a.linear(p + "intermediate.dense", middle)
        wide = wide * (1 + erf(wide / math.sqrt(2))) / 2
        x = layer_norm(p + "output.LayerNorm", a.linear(p + "output.dense", wide) + middle)
    pooled = np.tanh(a.linear("bert.pooler.dense", x[:1]))
    return (pooled @ weights["classifier.weight"].T + weights["classifier.bias"])[0]


reviews = []
for line in pathlib.Path(arguments.ids).read_text().split("\n"):
    if line and len(reviews) < arguments.reviews:
        ids = json.loads(line)["ids"]
        reviews.append(ids[: arguments.tokens - 1] + ids[-1:] if len(ids) > arguments.tokens else ids)
exact = [logits(ids, Arithmetic(None)) for ids in reviews]
answer = {"bench": "int8 saturation", "reviews": len(reviews), "tokens": arguments.tokens, "against": "float32"}
for title, a in {
    "127": Arithmetic(127),
    "64": Arithmetic(64),
    "127, pairs clipped to 16 bits": Arithmetic(127, saturate=True),
}.items():
    if a.saturate and arguments.skip_clipped:
        continue
    differences = np.abs(np.array([logits(ids, a) for ids in reviews]) - np.array(exact))
    answer[title] = {"max_logit_difference": float(differences.max()), "mean_logit_difference": float(differences.mean())}
    if a.saturate:
        answer[title]["share_of_pairs_clipped"] = a.clipped / a.pairs
print(json.dumps(answer, indent=1))
