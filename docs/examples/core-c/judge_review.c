/* What a model makes of a review, and what that took: judge_review FOLDER REVIEW [DEVICE [COUNTRY]] */
#include <coppice/core.h>
#include <stdio.h>
#include <string.h>

static int give_up(const char* doing) {
  fprintf(stderr, "judge_review: %s: %s\n", doing, coppice_core_last_error());
  return 1;
}

static int judge(coppice_core_model* model, const char* review, const char* device, const char* country) {
  coppice_core_verdict verdict = {0};
  verdict.size = sizeof verdict;
  if (coppice_core_classify(model, review, strlen(review), &verdict) != COPPICE_CORE_OK) return give_up("classify");
  printf("%s, %.1f %% (%lld of %lld tokens read, %.2f ms)\n", verdict.label, 100 * verdict.probability,
         (long long)verdict.tokens, (long long)verdict.tokens_whole, verdict.milliseconds);

  coppice_core_place place = {0};
  place.size = sizeof place;
  place.device = device;
  place.country = country;
  coppice_core_estimate estimate = {0};
  estimate.size = sizeof estimate;
  if (coppice_core_estimate_energy(model, &verdict, &place, &estimate) != COPPICE_CORE_OK) return give_up("estimate");
  printf("%.3g J (%.3g to %.3g), %s: %s\n", estimate.energy_joules, estimate.energy_low_joules,
         estimate.energy_high_joules, estimate.energy_provenance == COPPICE_CORE_MODELLED ? "modelled" : "not modelled",
         estimate.energy_method);
  if (estimate.has_carbon) {
    printf("%.3g g CO2e (%.3g to %.3g): %s\n", estimate.carbon_grams_co2e, estimate.carbon_low_grams_co2e,
           estimate.carbon_high_grams_co2e, estimate.carbon_method);
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    fprintf(stderr, "usage: judge_review FOLDER REVIEW [DEVICE [COUNTRY]]\n");
    return 2;
  }
  coppice_core_model* model = NULL;
  if (coppice_core_model_open(argv[1], &model) != COPPICE_CORE_OK) return give_up("open");
  const int result = judge(model, argv[2], argc > 3 ? argv[3] : "laptop", argc > 4 ? argv[4] : NULL);
  coppice_core_model_destroy(model);
  return result;
}
