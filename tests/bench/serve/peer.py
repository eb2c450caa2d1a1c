"""The peer: what one would write with FastAPI, transformers and torch. One process, torch on all cores, one text at a time.

    MODEL=FOLDER THREADS=2 uvicorn --app-dir tests/bench/serve peer:app --port 8081
"""
import os
import threading

import torch
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

torch.set_num_threads(int(os.environ.get("THREADS", "1")))
tokenizer = AutoTokenizer.from_pretrained(os.environ["MODEL"])
model = AutoModelForSequenceClassification.from_pretrained(os.environ["MODEL"]).eval()
labels = [model.config.id2label[i] for i in range(2)]
app = FastAPI()
turn = threading.Lock()  # two forward passes at a time would take the cores from each other


class Request(BaseModel):
    text: str


@app.post("/v1/classify")
def classify(request: Request):
    encoded = tokenizer(request.text, truncation=True, max_length=512, return_tensors="pt")
    with turn, torch.inference_mode():
        logits = model(**encoded).logits[0]
    score, label = torch.softmax(logits, 0).max(0)
    verdict = {"label": labels[int(label)], "score": float(score), "logits": logits.tolist(),
               "tokens": encoded["input_ids"].shape[1], "truncated": False}
    return {"models": [{"model": "peer", "verdicts": [verdict]}]}
