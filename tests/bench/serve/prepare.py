"""A shipped model folder (ONNX file with weights stored as float16) as a Hugging Face checkpoint for the peer.

    python prepare.py --model models/minilm-l6-imdb --output FOLDER
"""
import argparse
import pathlib
import shutil

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True, type=pathlib.Path)
parser.add_argument("--output", required=True, type=pathlib.Path)
arguments = parser.parse_args()

graph = onnx.load(arguments.model / "onnx/model.onnx").graph
# Initialisers bear the names of the checkpoint (the contract of a model folder).
tensors = {}
for initialiser in graph.initializer:
    if initialiser.name.startswith(("bert.", "classifier.")):
        tensors[initialiser.name] = np.ascontiguousarray(numpy_helper.to_array(initialiser).astype(np.float32))
arguments.output.mkdir(parents=True, exist_ok=True)
save_file(tensors, arguments.output / "model.safetensors", metadata={"format": "pt"})
for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"):
    shutil.copyfile(arguments.model / name, arguments.output / name)
