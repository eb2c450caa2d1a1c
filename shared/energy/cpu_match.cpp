// Names of processors: as /proc/cpuinfo writes them on one side, as tables write them on the other.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "shared/energy/cpu.h"
#include "shared/energy/names.h"

namespace coppice::energy {

namespace {

using Tokens = std::vector<std::string>;

struct Decoded {
  uint32_t point;
  size_t bytes;
};

// One code point of UTF-8; a byte that does not belong counts as itself, so that nothing is skipped.
Decoded decode(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0U; };
  const uint32_t first = byte(at);
  const size_t more = first >= 0xF0 && first < 0xF8 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 0;
  if (first < 0x80 || first >= 0xF8 || more == 0) return {first, 1};
  uint32_t point = first & (0x3FU >> more);
  for (size_t i = 1; i <= more; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) return {first, 1};
    point = (point << 6) | (byte(at + i) & 0x3FU);
  }
  return {point, more + 1};
}

// What RapidFuzz takes for a letter or digit (it parts words at '_' too), near enough for names of processors: ASCII
// and Latin-1 exactly, then letters but for the blocks of punctuation and symbols.
bool is_word(uint32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  if (c < 0x100) {
    return c == 0xAA || c == 0xB2 || c == 0xB3 || c == 0xB5 || c == 0xB9 || c == 0xBA || (c >= 0xBC && c <= 0xBE) ||
           (c >= 0xC0 && c != 0xD7 && c != 0xF7);
  }
  if (c >= 0x2070 && c <= 0x209C)
    return c <= 0x2071 || (c >= 0x2074 && c <= 0x2079) || (c >= 0x207F && c <= 0x2089) || c >= 0x2090;
  return !((c >= 0x2000 && c <= 0x20FF) || (c >= 0x2100 && c <= 0x245F) || (c >= 0x2500 && c <= 0x2775) ||
           (c >= 0x2794 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x3004) || (c >= 0x3008 && c <= 0x3020) ||
           (c >= 0xD800 && c <= 0xF8FF) || (c >= 0xFE00 && c <= 0xFE6F) || (c >= 0xFF01 && c <= 0xFF0F));
}

// RapidFuzz's default_process and a split at blanks: the set of lower-case words, sorted.
Tokens word_set(std::string_view text) {
  Tokens tokens;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) tokens.push_back(lower(word));
    word.clear();
  };
  for (size_t at = 0; at < text.size();) {
    const Decoded c = decode(text, at);
    if (is_word(c.point)) {
      word.append(text.substr(at, c.bytes));
    } else {
      flush();
    }
    at += c.bytes;
  }
  flush();
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  return tokens;
}

void remove_all(std::string& text, std::string_view what) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) text.erase(at, what.size());
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Removes every match of the expression " @\s*\d+\.\d+GHz".
void remove_clock(std::string& text) {
  for (size_t at = text.find(" @"); at != std::string::npos; at = text.find(" @", at)) {
    size_t end = at + 2;
    while (end < text.size() && is_blank(text[end])) ++end;
    const size_t whole = end;
    while (end < text.size() && is_digit(text[end])) ++end;
    const size_t point = end;
    if (point == whole || end >= text.size() || text[end] != '.') {
      ++at;
      continue;
    }
    ++end;
    const size_t fraction = end;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == fraction || text.compare(end, 3, "GHz") != 0) {
      ++at;
      continue;
    }
    text.erase(at, end + 3 - at);
  }
}

CpuMatch matched(const CpuRow& row, const char* how) {
  CpuMatch match;
  match.name = row.name;
  if (row.tdp_watts > 0.0) match.tdp = Watts(row.tdp_watts);
  match.how = how;
  return match;
}

const CpuRow* find_exact(const std::string& model, std::span<const CpuRow> table) {
  const std::string wanted = lower(model);
  for (const CpuRow& row : table) {
    if (wanted == lower(row.name)) return &row;
  }
  return nullptr;
}

// Words that never tell two processors apart. "64-core" is two words here, so that a number before "core" goes too.
Tokens meaningful_words(const std::string& model) {
  std::string name = lower(model);
  for (const char* mark : {"(r)", "(tm)", "\302\256", "\342\204\242"}) remove_all(name, mark);
  const size_t graphics = name.find(" with radeon");
  if (graphics != std::string::npos) name.resize(graphics);
  const size_t clock = name.find('@');
  if (clock != std::string::npos) name.resize(clock);
  Tokens in_order;
  std::string word;
  for (size_t at = 0; at <= name.size();) {
    const Decoded c = at < name.size() ? decode(name, at) : Decoded{' ', 1};
    if (is_word(c.point)) {
      word.append(name, at, c.bytes);
    } else if (!word.empty()) {
      in_order.push_back(word);
      word.clear();
    }
    at += c.bytes;
  }
  Tokens tokens;
  for (size_t i = 0; i < in_order.size(); ++i) {
    static constexpr std::string_view kNoise[] = {"cpu", "processor", "core", "cores", "apu", "soc"};
    const std::string& token = in_order[i];
    const bool counts_cores = i + 1 < in_order.size() && token.find_first_not_of("0123456789") == std::string::npos &&
                              (in_order[i + 1] == "core" || in_order[i + 1] == "cores");
    const bool spelled = (token == "dual" || token == "quad" || token == "six" || token == "eight") &&
                         i + 1 < in_order.size() && in_order[i + 1] == "core";
    if (counts_cores || spelled) continue;
    // Intel's "Core" is a brand, except where it follows a count: it is kept out on both sides alike.
    if (std::find(std::begin(kNoise), std::end(kNoise), token) != std::end(kNoise)) continue;
    tokens.push_back(token);
  }
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  return tokens;
}

bool is_subset(const Tokens& part, const Tokens& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

bool has_digit(const Tokens& tokens) {
  return std::any_of(tokens.begin(), tokens.end(),
                     [](const std::string& token) { return token.find_first_of("0123456789") != std::string::npos; });
}

// Words with a digit in them: at least one of these is in every row that match_cpu takes.
Tokens telling_words(const Tokens& tokens) {
  Tokens telling;
  for (const std::string& token : tokens) {
    if (token.find_first_of("0123456789") != std::string::npos) telling.push_back(token);
  }
  return telling;
}

// Whether a row may hold one of these words, without parting it into words: thousands of rows are asked. A bracket or
// a byte beyond ASCII may be a mark whose removal joins what is around it, so such rows always may.
bool may_hold(std::string_view name, const Tokens& telling) {
  const auto equal = [](char in_name, char in_word) {
    return (in_name >= 'A' && in_name <= 'Z' ? in_name - 'A' + 'a' : in_name) == in_word;
  };
  if (std::any_of(name.begin(), name.end(), [](char c) { return c == '(' || static_cast<uint8_t>(c) >= 0x80; })) {
    return true;
  }
  return std::any_of(telling.begin(), telling.end(), [&](const std::string& word) {
    return std::search(name.begin(), name.end(), word.begin(), word.end(), equal) != name.end();
  });
}

// The rows that fit best: one TDP for all of them is a match, several are ambiguous.
std::optional<CpuMatch> settle(const std::vector<const CpuRow*>& rows, const char* how) {
  if (rows.empty()) return std::nullopt;
  const bool agree = std::all_of(rows.begin(), rows.end(),
                                 [&](const CpuRow* row) { return row->tdp_watts == rows.front()->tdp_watts; });
  if (agree && rows.size() == 1) return matched(*rows.front(), how);
  CpuMatch match;
  match.how = "ambiguous";
  for (const CpuRow* row : rows) {
    if (match.candidates.size() < 10) match.candidates.emplace_back(row->name);
  }
  return match;
}

}  // namespace

CpuMatch match_cpu(const std::string& model, std::span<const CpuRow> table) {
  if (const CpuRow* row = find_exact(model, table)) return matched(*row, "exact");
  const Tokens wanted = meaningful_words(model);
  std::vector<const CpuRow*> equal;
  std::vector<const CpuRow*> inside;
  std::vector<const CpuRow*> wider;  // entries that say more than the model's name does
  size_t most = 0;
  const Tokens telling = telling_words(wanted);
  if (!telling.empty()) {  // "AMD EPYC" alone names a family, no processor
    for (const CpuRow& row : table) {
      if (!may_hold(row.name, telling)) continue;
      const Tokens tokens = meaningful_words(row.name);
      if (tokens == wanted) {
        equal.push_back(&row);
      } else if (tokens.size() >= 2 && has_digit(tokens) && is_subset(tokens, wanted)) {
        if (tokens.size() > most) inside.clear();
        most = std::max(most, tokens.size());
        if (tokens.size() == most) inside.push_back(&row);
      } else if (wanted.size() >= 2 && is_subset(wanted, tokens)) {
        wider.push_back(&row);
      }
    }
  }
  if (auto match = settle(equal, "normalised")) return *match;
  if (auto match = settle(inside, "tokens")) return *match;
  CpuMatch unknown;
  unknown.how = wider.empty() ? "unknown" : "ambiguous";
  for (const CpuRow* row : wider) {
    if (unknown.candidates.size() < 10) unknown.candidates.emplace_back(row->name);
  }
  if (wider.empty()) {
    std::vector<std::string> names;
    names.reserve(table.size());
    for (const CpuRow& row : table) names.emplace_back(row.name);
    unknown.candidates = nearest_names(model, names, 5);
  }
  return unknown;
}

CpuMatch match_cpu_as_codecarbon(const std::string& model, std::span<const CpuRow> table) {
  if (const CpuRow* row = find_exact(model, table)) return matched(*row, "exact");
  std::string name = model;
  remove_all(name, "(R)");
  const size_t clock = name.find(" CPU @ ");
  if (clock != std::string::npos && clock > 0) name.resize(clock);
  remove_all(name, " CPU");
  remove_clock(name);
  if (const CpuRow* row = find_exact(name, table)) return matched(*row, "normalised");
  const Tokens wanted = word_set(name);
  CpuMatch none;
  none.how = "unknown";
  if (wanted.empty()) return none;
  std::vector<const CpuRow*> fits;
  for (const CpuRow& row : table) {
    const Tokens tokens = word_set(row.name);
    if (!tokens.empty() && (is_subset(tokens, wanted) || is_subset(wanted, tokens))) fits.push_back(&row);
  }
  if (fits.size() == 1) return matched(*fits.front(), "tokens");
  if (fits.size() > 1) none.how = "ambiguous";
  for (const CpuRow* row : fits) {
    if (none.candidates.size() < 10) none.candidates.emplace_back(row->name);
  }
  return none;
}

}  // namespace coppice::energy
