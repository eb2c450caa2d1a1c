#include "native/linear/logistic.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "shared/base/stable_hash.h"

namespace coppice::linear {
namespace {

using Vector = std::vector<double>;

// The texts as one matrix in compressed rows, over the buckets that occur. The last column is the bias, 1 in every row.
struct Matrix {
  std::vector<size_t> rows = {0};  // offsets
  std::vector<uint32_t> columns;
  std::vector<float> values;
  std::vector<uint32_t> bucket_of;  // column -> bucket
  [[nodiscard]] size_t width() const { return bucket_of.size() + 1; }
};

Matrix matrix_of(const std::vector<std::vector<Feature>>& texts, int64_t buckets, int64_t min_texts) {
  std::vector<int32_t> texts_with(static_cast<size_t>(buckets), 0);
  for (const std::vector<Feature>& text : texts) {
    for (const Feature& feature : text) ++texts_with[feature.bucket];
  }
  constexpr uint32_t kNone = UINT32_MAX;
  Matrix matrix;
  std::vector<uint32_t> column_of(static_cast<size_t>(buckets), kNone);
  for (uint32_t bucket = 0; bucket < column_of.size(); ++bucket) {
    if (texts_with[bucket] == 0 || texts_with[bucket] < min_texts) continue;
    column_of[bucket] = static_cast<uint32_t>(matrix.bucket_of.size());
    matrix.bucket_of.push_back(bucket);
  }
  for (const std::vector<Feature>& text : texts) {
    for (const Feature& feature : text) {
      if (column_of[feature.bucket] == kNone) continue;
      matrix.columns.push_back(column_of[feature.bucket]);
      matrix.values.push_back(feature.value);
    }
    matrix.rows.push_back(matrix.columns.size());
  }
  return matrix;
}

// Wang and Manning's r: the log ratio of each feature's share in the positive texts to that in the negative ones.
Vector naive_bayes_ratios(const Matrix& matrix, const std::vector<int>& labels, double smoothing) {
  const size_t features = matrix.bucket_of.size();
  Vector counts[2] = {Vector(features, smoothing), Vector(features, smoothing)};
  for (size_t row = 0; row < labels.size(); ++row) {
    for (size_t k = matrix.rows[row]; k < matrix.rows[row + 1]; ++k)
      counts[labels[row]][matrix.columns[k]] += matrix.values[k];
  }
  double totals[2] = {0, 0};
  for (const int side : {0, 1}) {
    for (const double count : counts[side]) totals[side] += count;
  }
  Vector ratios(features);
  for (size_t i = 0; i < features; ++i) ratios[i] = std::log(counts[1][i] / totals[1] / (counts[0][i] / totals[0]));
  return ratios;
}

double log_loss(double margin) {
  return margin > 0 ? std::log1p(std::exp(-margin)) : -margin + std::log1p(std::exp(margin));
}

double x_log_x(double x) { return x > 0 ? x * std::log(x) : 0; }

// The dual of  |w|^2 / 2 + C sum of log(1 + exp(-y w x)),  with one variable 0 < alpha < C for each text and
// w = sum of alpha y x. A step makes one of them optimal while the others stay.
class DualSolver {
 public:
  DualSolver(const Matrix& matrix, const std::vector<int>& labels, const LogisticOptions& options)
      : matrix_(matrix),
        labels_(labels),
        options_(options),
        limit_(1 / (options.l2 * static_cast<double>(labels.size()))),
        weights_(matrix.width(), 0.0),
        alphas_(labels.size(), kStart * limit_),
        squares_(labels.size(), 1.0),
        order_(labels.size()) {
    for (size_t row = 0; row < labels.size(); ++row) {
      order_[row] = static_cast<uint32_t>(row);
      for (size_t k = matrix.rows[row]; k < matrix.rows[row + 1]; ++k)
        squares_[row] += static_cast<double>(matrix.values[k]) * matrix.values[k];
      move(row, alphas_[row]);
    }
  }

  Status run(const std::atomic<bool>& interrupt, LogisticFit& fit) {
    while (fit.passes < options_.max_passes) {
      pass(static_cast<uint64_t>(fit.passes));
      ++fit.passes;
      if (interrupt.load()) return interrupted("stopped in the fit");
      measure(fit);
      fit.converged = fit.gap <= options_.tolerance;
      if (fit.converged) break;
    }
    return {};
  }

  [[nodiscard]] const Vector& weights() const { return weights_; }

 private:
  static constexpr double kStart = 0.01;

  [[nodiscard]] double sign(size_t row) const { return labels_[row] == 1 ? 1.0 : -1.0; }

  [[nodiscard]] double margin(size_t row) const {
    double z = weights_.back();
    for (size_t k = matrix_.rows[row]; k < matrix_.rows[row + 1]; ++k)
      z += weights_[matrix_.columns[k]] * matrix_.values[k];
    return sign(row) * z;
  }

  // Adds `change` of the row's alpha to w.
  void move(size_t row, double change) {
    const double step = change * sign(row);
    for (size_t k = matrix_.rows[row]; k < matrix_.rows[row + 1]; ++k)
      weights_[matrix_.columns[k]] += step * matrix_.values[k];
    weights_.back() += step;
  }

  void pass(uint64_t number) {
    // Fisher and Yates' shuffle, by numbers that are the same on every machine.
    for (size_t i = order_.size(); i > 1; --i) {
      const uint64_t random = mix64(options_.seed * 0x9e3779b97f4a7c15ULL + (number << 32) + i);
      std::swap(order_[i - 1], order_[random % i]);
    }
    for (const uint32_t row : order_) {
      const double alpha = optimal_alpha(alphas_[row], margin(row), squares_[row]);
      move(row, alpha - alphas_[row]);
      alphas_[row] = alpha;
    }
  }

  // The root of  squares (alpha - old) + margin + log(alpha / (C - alpha)), by Newton's method in s = log(alpha / (C -
  // alpha)): there the function rises everywhere, by at least 1, so that a bracket is easily kept.
  [[nodiscard]] double optimal_alpha(double old, double margin, double squares) const {
    double low = -margin - squares * (limit_ - old);  // where the function is at most 0
    double high = -margin + squares * old;
    double s = std::clamp(std::log(old / (limit_ - old)), low, high);
    double alpha = old;
    for (int i = 0; i < 50; ++i) {
      const double share = 1 / (1 + std::exp(-s));
      alpha = limit_ * share;
      const double value = squares * (alpha - old) + margin + s;
      if (std::fabs(value) < 1e-10) break;
      (value > 0 ? high : low) = s;
      const double next = s - value / (1 + squares * limit_ * share * (1 - share));
      s = next > low && next < high ? next : (low + high) / 2;
    }
    // Inside the open interval also when the share rounds to 0 or 1.
    return std::clamp(alpha, limit_ * 1e-15, limit_ * (1 - 1e-15));
  }

  // Loss, and the distance between the primal and the dual value against the former.
  void measure(LogisticFit& fit) const {
    double loss = 0;
    double entropy = 0;
    for (size_t row = 0; row < labels_.size(); ++row) {
      loss += log_loss(margin(row));
      entropy += x_log_x(alphas_[row]) + x_log_x(limit_ - alphas_[row]) - x_log_x(limit_);
    }
    double norm = 0;
    for (const double weight : weights_) norm += weight * weight;
    fit.loss = loss / static_cast<double>(labels_.size());
    fit.gap = (norm + limit_ * loss + entropy) / (norm / 2 + limit_ * loss);
  }

  const Matrix& matrix_;
  const std::vector<int>& labels_;
  const LogisticOptions& options_;
  double limit_;  // C
  Vector weights_;
  std::vector<double> alphas_;
  std::vector<double> squares_;  // |x|^2 of each text, the bias's 1 included
  std::vector<uint32_t> order_;
};

}  // namespace

Result<LogisticFit> fit_logistic(const std::vector<std::vector<Feature>>& texts, const std::vector<int>& labels,
                                 int64_t buckets, const LogisticOptions& options, const std::atomic<bool>& interrupt) {
  const auto positive = std::count(labels.begin(), labels.end(), 1);
  if (texts.size() != labels.size() || positive == 0 || positive == static_cast<int64_t>(labels.size())) {
    return invalid_input("a fit needs reviews of both labels");
  }
  if (!(options.l2 > 0)) return invalid_usage("the L2 penalty must be above 0");
  Matrix matrix = matrix_of(texts, buckets, options.min_texts);
  Vector ratios(matrix.bucket_of.size(), 1.0);
  if (options.naive_bayes_smoothing > 0) {
    ratios = naive_bayes_ratios(matrix, labels, options.naive_bayes_smoothing);
    for (size_t k = 0; k < matrix.columns.size(); ++k)
      matrix.values[k] = static_cast<float>(matrix.values[k] * ratios[matrix.columns[k]]);
  }
  LogisticFit fit;
  DualSolver solver(matrix, labels, options);
  COPPICE_RETURN_IF_ERROR(solver.run(interrupt, fit));
  const Vector& weights = solver.weights();
  fit.weights.assign(static_cast<size_t>(buckets), 0.0F);
  for (size_t column = 0; column < matrix.bucket_of.size(); ++column)
    fit.weights[matrix.bucket_of[column]] = static_cast<float>(weights[column] * ratios[column]);
  fit.bias = weights.back();
  return fit;
}

}  // namespace coppice::linear
