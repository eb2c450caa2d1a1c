"""Writes the recorded truth of a tiny BERT (2 layers, 8 wide): logits, every gradient, and the first ten losses and
final weights of AdamW, by transformers and torch.

    pip install torch==2.15.0 transformers==5.23.0 safetensors
    python make.py            # writes config.json, model.safetensors and expected.json beside this file

Everything is small enough to read. Dropout is off: its random numbers are not part of the contract.
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification

HERE = pathlib.Path(__file__).parent
torch.manual_seed(7)
config = BertConfig(vocab_size=40, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
                    max_position_embeddings=16, type_vocab_size=2, hidden_dropout_prob=0.0,
                    attention_probs_dropout_prob=0.0, num_labels=2, initializer_range=0.2)
config._attn_implementation = "eager"
model = BertForSequenceClassification(config).float()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or "LayerNorm" in name:  # not all 0 and 1, so that a mistake in one shows
            parameter.add_(torch.randn_like(parameter) * 0.1)
model.eval()
(HERE / "config.json").write_text(json.dumps({k: v for k, v in config.to_dict().items() if k in (
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
    "max_position_embeddings", "type_vocab_size", "hidden_dropout_prob", "attention_probs_dropout_prob",
    "initializer_range", "layer_norm_eps", "pad_token_id", "model_type")}, indent=1) + "\n")
save_file({k: v.contiguous() for k, v in model.state_dict().items() if v.dtype == torch.float32},
          HERE / "model.safetensors")

reviews = [[2, 10, 11, 12, 3], [2, 20, 3], [2, 5, 6, 7, 8, 9, 10, 3], [2, 30, 31, 3]]
labels = [1, 0, 1, 0]


def batch():
    width = max(map(len, reviews))
    ids = torch.tensor([r + [0] * (width - len(r)) for r in reviews])
    mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in reviews])
    return dict(input_ids=ids, attention_mask=mask, labels=torch.tensor(labels))


out = model(**batch())
out.loss.backward()
expected = {"reviews": reviews, "labels": labels, "logits": out.logits.tolist(), "loss": out.loss.item(),
            "gradients": {n: p.grad.flatten().tolist() for n, p in model.named_parameters()}}

learning_rate, weight_decay = 0.01, 0.1
decays = [p for n, p in model.named_parameters() if not n.endswith("bias") and "LayerNorm" not in n]
others = [p for n, p in model.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
optimizer = torch.optim.AdamW([{"params": decays, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}],
                              lr=learning_rate, betas=(0.9, 0.999), eps=1e-8)
losses = []
for _ in range(10):
    optimizer.zero_grad()
    loss = model(**batch()).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    losses.append(loss.item())
expected["adamw"] = {"learning_rate": learning_rate, "weight_decay": weight_decay, "max_grad_norm": 1.0, "losses": losses,
                     "weights": {n: p.detach().flatten().tolist() for n, p in model.named_parameters()}}
(HERE / "expected.json").write_text(json.dumps(expected) + "\n")
