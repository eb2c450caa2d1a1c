/* The energy of adding up a series, as JSON: sum_energy [COUNTRY] */
#include <coppice/energy.h>
#include <stdio.h>

static int give_up(const char* doing) {
  fprintf(stderr, "sum_energy: %s: %s\n", doing, coppice_energy_last_error());
  return 1;
}

static const char* provenance_name(int32_t provenance) {
  switch (provenance) {
    case COPPICE_ENERGY_MEASURED:
      return "measured";
    case COPPICE_ENERGY_MODELLED:
      return "modelled";
    case COPPICE_ENERGY_ASSUMED:
      return "assumed";
    case COPPICE_ENERGY_MIXED:
      return "mixed";
    default:
      return "of a kind this program does not know";
  }
}

int main(int argc, char** argv) {
  coppice_energy_options options = {0};
  options.size = sizeof options;
  options.country = argc > 1 ? argv[1] : "FRA";

  coppice_energy_tracker* tracker = NULL;
  if (coppice_energy_start(&options, &tracker) != COPPICE_ENERGY_OK) return give_up("start");

  int result = 0;
  coppice_energy_begin_phase(tracker, "sum");
  double sum = 0.0;
  for (long i = 1; i <= 50L * 1000 * 1000; ++i) sum += 1.0 / ((double)i * (double)i);
  coppice_energy_end_phase(tracker);

  coppice_energy_reading reading = {0};
  reading.size = sizeof reading;
  if (coppice_energy_read(tracker, &reading) != COPPICE_ENERGY_OK) result = give_up("read");
  fprintf(stderr, "the sum is %.6f\n", sum);
  if (reading.has_energy) {
    fprintf(stderr, "%.3f J (%.3f to %.3f), %s: %s\n", reading.energy_joules, reading.energy_low_joules,
            reading.energy_high_joules, provenance_name(reading.energy_provenance), reading.energy_method);
  }
  if (reading.has_carbon) {
    fprintf(stderr, "%.3g g CO2e (%.3g to %.3g), %s\n", reading.carbon_grams_co2e, reading.carbon_low_grams_co2e,
            reading.carbon_high_grams_co2e, reading.carbon_method);
  }

  const char* json = NULL;
  if (coppice_energy_finish(tracker, &json, NULL) == COPPICE_ENERGY_OK) {
    puts(json);
  } else {
    result = give_up("finish");
  }
  coppice_energy_destroy(tracker);
  return result;
}
