"""The peer: Hugging Face's Trainer on the same model, reviews, batch size and threads. Prints one JSON line."""
import argparse
import json
import resource

import torch
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer,
                          TrainingArguments)

parser = argparse.ArgumentParser()
for name in ("--base", "--data", "--output"):
    parser.add_argument(name, required=True)
for name in ("--limit", "--steps", "--batch-size", "--max-length", "--threads"):
    parser.add_argument(name, type=int, required=True)
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)

tokenizer = AutoTokenizer.from_pretrained(arguments.base)
rows = []
with open(arguments.data, encoding="utf-8", newline="\n") as lines:
    for line in list(lines)[: arguments.limit]:
        label, text = line.rstrip("\n").split("\t", 1)
        encoded = tokenizer(text, truncation=True, max_length=arguments.max_length, padding=False)
        rows.append({"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"], "labels": int(label)})
model = AutoModelForSequenceClassification.from_pretrained(arguments.base, num_labels=2)

tokens = 0


class Counting(DataCollatorWithPadding):
    """Counts real tokens, padding left out, as coppice does."""

    def __call__(self, features):
        global tokens
        tokens += sum(len(feature["input_ids"]) for feature in features)
        return super().__call__(features)


settings = TrainingArguments(output_dir=arguments.output, per_device_train_batch_size=arguments.batch_size,
                             max_steps=arguments.steps, learning_rate=5e-5, warmup_steps=max(1, arguments.steps // 10), weight_decay=0.01,
                             logging_strategy="no", save_strategy="no", report_to=[], use_cpu=True, seed=1,
                             dataloader_num_workers=0, disable_tqdm=True)
trainer = Trainer(model=model, args=settings, train_dataset=rows, data_collator=Counting(tokenizer))
result = trainer.train()
print(json.dumps({"tokens_per_second": tokens / result.metrics["train_runtime"], "tokens": tokens,
                  "seconds": result.metrics["train_runtime"],
                  "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
