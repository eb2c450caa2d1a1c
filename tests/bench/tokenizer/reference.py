"""A second, slow BERT tokenizer with current Unicode tables, and the Hugging Face one: what the C++ code is tested against.

`Reference` follows BertNormalizer, BertPreTokenizer and WordPiece step by step, with unicodedata2 (Unicode 18) in place
of the library's older tables. Lower case is the library's own, code point by code point, since unicodedata2 has none.
"""

import bisect
import re

import unicodedata2
from tokenizers import BertWordPieceTokenizer
from tokenizers.normalizers import Lowercase

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CJK = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
       (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0x2F800, 0x2FA1F)]


def library(vocab, lowercase=True):
    """Hugging Face tokenizers as transformers sets it up for a BERT model, without truncation and padding."""
    return BertWordPieceTokenizer(str(vocab), lowercase=lowercase)


class Reference:
    def __init__(self, vocab, lowercase=True):
        tokens = open(vocab, encoding="utf-8", newline="\n").read().split("\n")
        self.ids = {token: i for i, token in enumerate(tokens) if token}
        self.lowercase = lowercase
        self.lower = Lowercase()

    @staticmethod
    def is_space(c):
        return c in "\t\n\r" or unicodedata2.category(c) in ("Zs", "Zl", "Zp")

    @staticmethod
    def is_punctuation(c):
        return unicodedata2.category(c)[0] == "P" or ("!" <= c <= "~" and not c.isalnum())

    def normalize(self, text):
        out = []
        for c in text:
            if self.is_space(c):
                out.append(" ")
            elif c == "\ufffd" or unicodedata2.category(c)[0] == "C":
                continue
            elif (k := bisect.bisect(CJK, (ord(c), 0x110000)) - 1) >= 0 and CJK[k][0] <= ord(c) <= CJK[k][1]:
                out.append(f" {c} ")
            else:
                out.append(c)
        text = "".join(out)
        if not self.lowercase:
            return text
        text = "".join(c for c in unicodedata2.normalize("NFD", text) if unicodedata2.category(c) != "Mn")
        return "".join(c.lower() if c < "\x80" else self.lower.normalize_str(c) for c in text)

    def words(self, text):
        word = ""
        for c in self.normalize(text):
            if self.is_space(c) or self.is_punctuation(c):
                if word:
                    yield word
                word = ""
                if self.is_punctuation(c):
                    yield c
            else:
                word += c
        if word:
            yield word

    def word_pieces(self, word):
        unknown = [self.ids["[UNK]"]]
        if len(word) > 100:
            return unknown
        pieces, begin = [], 0
        while begin < len(word):
            for end in range(len(word), begin, -1):
                piece = self.ids.get(("##" if begin else "") + word[begin:end])
                if piece is not None:
                    break
            else:
                return unknown
            pieces.append(piece)
            begin = end
        return pieces

    def encode(self, text):
        ids = [self.ids["[CLS]"]]
        for k, part in enumerate(re.split(r"(\[(?:PAD|UNK|CLS|SEP|MASK)\])", text)):
            if k % 2:
                ids.append(self.ids[part])
            else:
                for word in self.words(part):
                    ids.extend(self.word_pieces(word))
        return ids + [self.ids["[SEP]"]]
