#include "shared/reviews/review_file.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "shared/base/csv.h"
#include "shared/base/json.h"
#include "shared/text/utf8.h"

namespace coppice::reviews {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::array<std::string_view, 3> kTextNames = {"text", "review", "sentence"};
constexpr std::array<std::string_view, 2> kLabelNames = {"label", "sentiment"};

// Files that people drop by mistake, by their first bytes.
constexpr std::pair<std::string_view, const char*> kKnownBinaries[] = {
    {"PK\x03\x04", "a ZIP archive or a spreadsheet (.xlsx); of a spreadsheet, save it as CSV in UTF-8"},
    {"\x1F\x8B", "a gzip archive; unpack it first"},
    {"%PDF", "a PDF document"},
    {"\x89PNG", "a picture (PNG)"},
    {"GIF8", "a picture (GIF)"},
    {"\xFF\xD8\xFF", "a picture (JPEG)"},
    {"\xD0\xCF\x11\xE0", "an old Office document; save it as CSV in UTF-8"},
    {"SQLite format 3", "a database"},
};

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lowered;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos; }

// Something of the file, short and printable, for a message.
std::string shown(std::string_view field) {
  std::string text = "\"";
  for (const char c : field.substr(0, 30)) text += c >= 0x20 && c < 0x7F ? c : '?';
  return text + (field.size() > 30 ? "...\"" : "\"");
}

std::string megabytes(size_t bytes) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return buffer;
}

int64_t line_of(std::string_view bytes, size_t offset) {
  return 1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
}

Result<std::optional<int>> parse_label(std::string_view field) {
  const std::string label = lower(field);
  if (label.empty()) return std::optional<int>();
  if (label == "0" || label == "negative" || label == "neg") return std::optional<int>(0);
  if (label == "1" || label == "positive" || label == "pos") return std::optional<int>(1);
  return invalid_input("the label is " + shown(field) + "; expected 0 or negative, 1 or positive");
}

class Reader {
 public:
  explicit Reader(const std::string& name) { file_.name = name; }

  Status add(std::string_view text, std::optional<int> label, int64_t line) {
    if (is_blank(text)) return invalid_input("the text is empty");
    if (text.size() > kMostBytesOfOne) {
      return invalid_input("a review of " + megabytes(text.size()) + "; one may have up to " +
                           megabytes(kMostBytesOfOne));
    }
    if (file_.reviews.size() == kMostReviews) {
      return invalid_input("a set may have up to " + std::to_string(kMostReviews) + " reviews; split the file");
    }
    file_.labelled += label ? 1 : 0;
    file_.reviews.push_back({std::string(text), label, line});
    return {};
  }
  [[nodiscard]] Status at(int64_t line, const Status& status) const {
    return status.with_context(file_.name + ", line " + std::to_string(line));
  }
  ReviewFile take() { return std::move(file_); }

 private:
  ReviewFile file_;
};

// Calls on_line(line, number) for every line that is not empty; the line end is not part of it.
template <typename OnLine>
Status for_each_line(std::string_view bytes, OnLine&& on_line) {
  for (int64_t number = 1; !bytes.empty(); ++number) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!is_blank(line)) COPPICE_RETURN_IF_ERROR(on_line(line, number));
  }
  return {};
}

// Where the columns that count are. kNone: there is no such column.
struct Header {
  static constexpr size_t kNone = SIZE_MAX;
  size_t text = kNone;
  size_t label = kNone;
  size_t columns = 0;
};

template <size_t N>
size_t find_column(const std::vector<std::string>& cells, const std::array<std::string_view, N>& names) {
  for (const std::string_view name : names) {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (lower(cells[i]) == name) return i;
    }
  }
  return Header::kNone;
}

Header read_header(const std::vector<std::string>& cells) {
  return {find_column(cells, kTextNames), find_column(cells, kLabelNames), cells.size()};
}

Status add_cells(Reader& reader, const Header& header, const std::vector<std::string>& cells, int64_t line) {
  if (cells.size() != header.columns) {
    return reader.at(line, invalid_input("found " + std::to_string(cells.size()) + " cells, the header has " +
                                         std::to_string(header.columns)));
  }
  std::optional<int> label;
  if (header.label != Header::kNone) {
    const auto parsed = parse_label(cells[header.label]);
    if (!parsed.ok()) return reader.at(line, parsed.status());
    label = *parsed;
  }
  return reader.at(line, reader.add(cells[header.text], label, line));
}

std::vector<std::string> split_at_tabs(std::string_view line) {
  std::vector<std::string> cells;
  for (;;) {
    const size_t tab = line.find('\t');
    cells.emplace_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return cells;
    line.remove_prefix(tab + 1);
  }
}

Status read_tsv(Reader& reader, std::string_view bytes) {
  constexpr const char* kExpected = "expected label<TAB>text with label 0 (negative) or 1 (positive)";
  std::optional<Header> header;
  bool first = true;
  return for_each_line(bytes, [&](std::string_view line, int64_t number) -> Status {
    const std::vector<std::string> cells = split_at_tabs(line);
    if (std::exchange(first, false)) {
      const Header found = read_header(cells);
      if (found.text != Header::kNone) {
        header = found;
        return {};
      }
    }
    if (header) return add_cells(reader, *header, cells, number);
    if (cells.size() != 2) {
      return reader.at(number, invalid_input((cells.size() == 1 ? "no tab; " : "a second tab; ") +
                                             std::string(kExpected) + ", or a header with a column text"));
    }
    if (cells[0] != "0" && cells[0] != "1") {
      return reader.at(number, invalid_input("the label is " + shown(cells[0]) + "; " + kExpected));
    }
    return reader.at(number, reader.add(cells[1], cells[0] == "1" ? 1 : 0, number));
  });
}

Status read_csv(Reader& reader, std::string_view bytes, const std::string& name) {
  CsvReader csv(bytes, name);
  COPPICE_ASSIGN_OR_RETURN(const std::optional<CsvRecord> head, csv.next());
  if (!head) return {};
  const Header header = read_header(head->cells);
  if (header.text == Header::kNone) {
    return reader.at(static_cast<int64_t>(head->line),
                     invalid_input("no column of the header is named text, review or sentence (the first is " +
                                   shown(head->cells[0]) + "). Labels, if any, are in a column label or sentiment."));
  }
  for (;;) {
    COPPICE_ASSIGN_OR_RETURN(const std::optional<CsvRecord> record, csv.next());
    if (!record) return {};
    COPPICE_RETURN_IF_ERROR(add_cells(reader, header, record->cells, static_cast<int64_t>(record->line)));
  }
}

template <size_t N>
const Json* find_member(const Json& object, const std::array<std::string_view, N>& names) {
  for (const std::string_view name : names) {
    const auto it = object.find(std::string(name));
    if (it != object.end()) return &*it;
  }
  return nullptr;
}

Status add_object(Reader& reader, const Json& object, int64_t line) {
  if (!object.is_object()) return invalid_input("expected an object such as {\"text\": \"...\", \"label\": 1}");
  const Json* text = find_member(object, kTextNames);
  if (text == nullptr || !text->is_string()) {
    return invalid_input("no member text (or review, sentence) that is a string");
  }
  const Json* label = find_member(object, kLabelNames);
  std::optional<int> parsed;
  if (label != nullptr && !label->is_null()) {
    COPPICE_ASSIGN_OR_RETURN(parsed, parse_label(label->is_string() ? label->get<std::string>() : label->dump()));
  }
  return reader.add(text->get_ref<const std::string&>(), parsed, line);
}

Status read_json_lines(Reader& reader, std::string_view bytes, const std::string& name) {
  return for_each_line(bytes, [&](std::string_view line, int64_t number) -> Status {
    COPPICE_ASSIGN_OR_RETURN(const Json object, parse_json(line, name + ", line " + std::to_string(number)));
    return reader.at(number, add_object(reader, object, number));
  });
}

Status read_json(Reader& reader, std::string_view bytes, const std::string& name) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, name));
  if (!document.is_array()) {
    return invalid_input(name + ": expected an array of objects; for an object a line, name the file .jsonl");
  }
  int64_t place = 0;
  for (const Json& object : document) {
    ++place;
    const Status status = add_object(reader, object, place);
    if (!status.ok()) return status.with_context(name + ", review " + std::to_string(place));
  }
  return {};
}

// What is no text in UTF-8 is refused before anything is read from it.
Status check_text(const std::string& name, std::string_view bytes) {
  for (const auto& [magic, what] : kKnownBinaries) {
    if (bytes.substr(0, magic.size()) == magic) return invalid_input(name + ": is " + what + ", not a list of reviews");
  }
  if (bytes.substr(0, 2) == "\xFF\xFE" || bytes.substr(0, 2) == "\xFE\xFF") {
    return invalid_input(name + ": is in UTF-16; save it as UTF-8");
  }
  if (const size_t zero = bytes.find('\0'); zero != std::string_view::npos) {
    return invalid_input(
        name + ", line " + std::to_string(line_of(bytes, zero)) +
        ": holds a byte 0, so it is no text file; expected TSV, CSV, JSON Lines or plain text in UTF-8");
  }
  if (const size_t wrong = text::find_invalid_utf8(bytes); wrong != std::string_view::npos) {
    return invalid_input(name + ", line " + std::to_string(line_of(bytes, wrong)) + ": byte " +
                         std::to_string(wrong + 1) + " of the file is not UTF-8; convert the file to UTF-8");
  }
  return {};
}

}  // namespace

Result<ReviewFile> parse_review_file(const std::string& name, std::string_view bytes) {
  if (static_cast<int64_t>(bytes.size()) > kMostBytes) {
    return invalid_input(name + ": has " + megabytes(bytes.size()) + "; a set of reviews may have up to " +
                         megabytes(kMostBytes) + ". Split it, or take a part of it.");
  }
  COPPICE_RETURN_IF_ERROR(check_text(name, bytes));
  if (bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark) bytes.remove_prefix(kByteOrderMark.size());
  const size_t dot = name.rfind('.');
  const std::string ending = dot == std::string::npos ? "" : lower(std::string_view(name).substr(dot + 1));
  Reader reader(name);
  Status status;
  if (ending == "tsv" || ending == "tab") {
    status = read_tsv(reader, bytes);
  } else if (ending == "csv") {
    status = read_csv(reader, bytes, name);
  } else if (ending == "jsonl" || ending == "ndjson") {
    status = read_json_lines(reader, bytes, name);
  } else if (ending == "json") {
    status = read_json(reader, bytes, name);
  } else if (ending == "txt" || ending == "text") {
    status = for_each_line(bytes, [&](std::string_view line, int64_t number) {
      return reader.at(number, reader.add(line, std::nullopt, number));
    });
  } else {
    return unsupported(name +
                       ": the ending says nothing of its form; expected .tsv (label<TAB>text), .csv with a "
                       "header, .jsonl, .json, or .txt with a review a line");
  }
  COPPICE_RETURN_IF_ERROR(status);
  ReviewFile file = reader.take();
  if (file.reviews.empty()) return invalid_input(name + ": holds no review");
  return file;
}

}  // namespace coppice::reviews
