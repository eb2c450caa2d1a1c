#!/usr/bin/env python3
"""Compares `coppice carbon --compat codecarbon` and `coppice detect --compat codecarbon` with CodeCarbon itself.

  tests/bench/codecarbon/run.sh differential [--ram-step N] [--names N]

  1. carbon: every country of CodeCarbon's table, every US state, Canadian and Chinese province and Nordic zone by every
     name, every cloud region, places that do not exist, and forced intensities;
  2. processors: names of its table as they are and as /proc/cpuinfo would write them, changed and made up ones;
  3. memory: 1 to 4096 GB on x86 and ARM, and sizes between;
  4. power at a load: 0 to 100 %.

A difference is one of more than 1e-9 of the value, or another name. Prints what was compared and each difference; exit
code 1 if there is one.
"""
import argparse
import collections
import concurrent.futures
import json
import logging
import random
import subprocess
import sys

logging.disable(logging.CRITICAL)

from codecarbon._version import __version__ as version  # noqa: E402
from codecarbon.core.cpu import TDP  # noqa: E402
from codecarbon.core.emissions import Emissions  # noqa: E402
from codecarbon.core.units import Energy  # noqa: E402
from codecarbon.external.geography import CloudMetadata, GeoMetadata  # noqa: E402
from codecarbon.external.hardware import CPU  # noqa: E402
from codecarbon.external.ram import RAM  # noqa: E402
from codecarbon.input import DataSource  # noqa: E402

TOLERANCE = 1e-9
WATTS_PER_THREAD = 4

arguments = argparse.ArgumentParser()
arguments.add_argument("--program", required=True)
arguments.add_argument("--ram-step", type=int, default=1, help="GB between two sizes of memory")
arguments.add_argument("--names", type=int, default=400, help="how many names of processors")
arguments.add_argument("--jobs", type=int, default=2)
options = arguments.parse_args()

compared = collections.Counter()
differences = []


def coppice(*call):
    run = subprocess.run([options.program, *call, "--compat", "codecarbon", "--json"], capture_output=True, text=True)
    if run.returncode != 0:
        return {"error": f"exit code {run.returncode}: {run.stderr.strip()}"}
    return json.loads(run.stdout)


def option(name, value):
    """As one word, so that a value may begin with a dash; an empty value needs a word of its own."""
    return [f"{name}={value}"] if value != "" else [name, ""]


def check(kind, case, ours, theirs):
    compared[kind] += 1
    for what, expected in theirs.items():
        actual = ours.get(what) if "error" not in ours else ours["error"]
        both_numbers = isinstance(actual, (int, float)) and isinstance(expected, (int, float))
        same = abs(actual - expected) <= TOLERANCE * abs(expected) if both_numbers else actual == expected
        if not same:
            differences.append(f"{kind} {case}: {what}: coppice {actual!r}, CodeCarbon {expected!r}")


def in_parallel(work, cases):
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for kind, case, ours, theirs in pool.map(lambda case: work(*case), cases):
            check(kind, case, ours, theirs)


# 1. Carbon.

data = DataSource()
KWH = 1.7


def carbon(kind, country, region, provider, cloud_region, forced=None):
    engine = Emissions(data, force_carbon_intensity_g_co2e_kwh=forced)
    geo = GeoMetadata(country_iso_code=country, region=region)
    energy = Energy.from_energy(kWh=KWH)
    cloud = CloudMetadata(provider=provider, region=cloud_region)
    if cloud.is_on_private_infra:
        kilograms = engine.get_private_infra_emissions(energy, geo)
    else:
        kilograms = engine.get_cloud_emissions(energy, cloud, geo)
    call = ["carbon", "--kwh", repr(KWH)]
    for name, value in (("--country", country), ("--region", region), ("--cloud", provider),
                        ("--cloud-region", cloud_region), ("--intensity", forced)):
        if value is not None:
            call += option(name, value)
    return kind, (country, region, provider, cloud_region, forced), coppice(*call), {"kg_co2e": kilograms}


def places():
    countries = list(data.get_global_energy_mix_data())
    for country in countries:
        yield "country", country, None, None, None
        yield "country", country.lower(), None, None, None
    for country in ("XXX", "UK", "Germany", "", None, "WORLD", "TWN", "PSE"):
        yield "unknown country", country, None, None, None
        yield "unknown country", country, "washington", None, None
    states = [name for name in data.get_country_emissions_data("usa") if not name.startswith("_")]
    for state in states:
        yield "US state", "USA", state, None, None
        yield "US state", "usa", state.upper(), None, None
        yield "US state", "USA", state + " ", None, None
    for code in ("WA", "US-WA", "Washingten", "", "puerto rico", "guam", "district of columbia"):
        yield "US state", "USA", code, None, None
    for province in data.get_country_energy_mix_data("can"):
        yield "Canadian province", "CAN", province, None, None
        yield "Canadian province", "CAN", province.title(), None, None
    for province in ("QC", "québec", "ontari", ""):
        yield "Canadian province", "CAN", province, None, None
    for province in data.get_china_provincial_emissions_data()["data"].values():
        for name in province["names"]:
            for suffix in ("", " Province", "  Municipality", " autonomous region", " Sheng", " shi", " zizhiqu", " sheng shi"):
                yield "Chinese province", "CHN", name + suffix, None, None
    for name in ("Tibet", "Hong Kong", "taiwan", "CN-BJ", "", "province", " Beijing"):
        yield "Chinese province", "CHN", name, None, None
    for zone in data.get_nordic_country_energy_mix_data()["data"]:
        for country in ("SWE", "NOR", "FIN", "DNK"):
            yield "Nordic zone", country, zone, None, None
            yield "Nordic zone", country, zone.lower(), None, None
    for country, zone in (("SWE", "SE5"), ("NOR", "NO6"), ("FIN", "FI1"), ("SWE", "Stockholm"), ("SWE", "")):
        yield "Nordic zone", country, zone, None, None
    for country, region in (("FRA", "bretagne"), ("DEU", "berlin"), ("GBR", "washington")):
        yield "region without a table", country, region, None, None
    clouds = data.get_cloud_emissions_data()
    for provider, region in zip(clouds["provider"], clouds["region"]):
        for country in (None, "FRA"):
            yield "cloud region", country, None, provider, region
            yield "cloud region", country, None, provider.upper(), region
            yield "cloud region", country, None, provider, region.upper()
    for provider in ("aws", "azure", "gcp", "ovh", ""):
        for region in ("eu-west-1", "westeurope", "us-central2", "europe-north2", "", None):
            yield "unknown cloud", "NLD", None, provider, region
            yield "unknown cloud", "USA", "california", provider, region
            yield "unknown cloud", None, None, provider, region
    for region in ("us-central1", None):
        yield "unknown cloud", "FRA", None, None, region
    for forced in (0.0, 1e-3, 56.0, 3000.0):
        yield "forced", "FRA", None, None, None, forced
        yield "forced", None, None, "gcp", "us-central1", forced


# 2. Processors.

tdp = TDP.__new__(TDP)
registry = data.get_cpu_power_data()


def processor(name, threads):
    match = tdp._get_matching_cpu(name, registry)
    try:
        expected = {"tdp_watts": (TDP._get_cpu_constant_power(match, registry) if match else 0) or WATTS_PER_THREAD * threads}
    except ValueError:  # four rows hold a range such as "27.29.5", on which CodeCarbon breaks; here it is the mean
        compared["processor CodeCarbon breaks on"] += 1
        expected = {}
    ours = coppice("detect", *option("--cpu-model", name), f"--threads={threads}")
    if "error" not in ours:
        ours = ours["cpu"]
    return "processor", (name, threads), ours, {"match": match} | expected


def processors():
    random.seed(7)
    names = [name for name in registry["Name"] if isinstance(name, str)]
    decorations = (
        lambda n: n,
        lambda n: n.replace("Intel ", "Intel(R) ").replace("Core ", "Core(TM) ") + " CPU @ 2.60GHz",
        lambda n: n.replace("Intel ", "Intel(R) ").replace("Xeon ", "Xeon(R) ") + " CPU @ 2.20GHz",
        lambda n: n + " @ 3.1GHz",
        lambda n: n + " @3.10GHz",
        lambda n: n + "  @  2.90GHz",
        lambda n: n + " 16-Core Processor",
        lambda n: n + " with Radeon Graphics",
        lambda n: n.lower(),
        lambda n: n.upper(),
        lambda n: n.replace(" ", "  "),
        lambda n: n.replace("-", " "),
        lambda n: n.replace(" ", "_"),
        lambda n: " ".join(reversed(n.split())),
        lambda n: " ".join(n.split()[1:]),
        lambda n: n[:-1],
        lambda n: n + "X",
        lambda n: "11th Gen " + n,
        lambda n: n + "\u00ae \u2122",
        lambda n: n + " \u00b5\u00e9 \u4e2d\u6587 \u00b2",
        lambda n: n.replace("(R)", "") + " CPU",
        lambda n: n.swapcase(),
    )
    odd = (
        "Frobozz CPU X1", "", " ", "-", "CPU", " CPU @ 2.00GHz", "@", "AMD", "Intel", "AMD EPYC", "Intel Xeon Processor",
        "Intel Xeon Processor (Skylake, IBRS)", "Intel Xeon Processor (Cascadelake)", "QEMU Virtual CPU version 2.5+",
        "AMD EPYC 7B13", "AMD EPYC-Rome Processor", "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", "Apple M1", "Apple M2 Pro",
        "ARMv8 Processor rev 1 (v8l)", "Neoverse-N1", "Cortex-A72", "Intel(R) Xeon(R) CPU", "Intel(R) Xeon(R) CPU @ 2.20GHz",
        "AMD Ryzen 7 5800X 8-Core Processor", "AMD Ryzen Threadripper 1950X 16-Core Processor", "Intel(R) Core(TM) i7",
        "Intel(R) Core(TM) i5-8265U CPU @ 1.60GHz", "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz",
        "12th Gen Intel(R) Core(TM) i9-12900K", "Intel(R) Pentium(R) CPU G4400 @ 3.30GHz", "AMD A8-7410 APU with AMD Radeon R5 Graphics",
        "x" * 300, "1", "3260 HE", "255e", "Virtual", "\u0130ntel", "\u00df", "Intel Core \u2460 i7-9700K", "i7-9700K", "9700K Intel Core",
    )
    for name in odd:
        yield name, random.choice((1, 2, 6, 128))
    while True:
        yield random.choice(decorations)(random.choice(names)), random.choice((1, 2, 8, 64, 255))


# 3. and 4.


def memory(gb, arm):
    ram = RAM.__new__(RAM)
    ram.is_arm_cpu = arm
    ours = coppice("detect", f"--ram-gb={gb!r}", "--tdp=1", *(["--arm"] if arm else []))
    if "error" not in ours:
        ours = ours["ram"]
    return "memory", (gb, arm), ours, {"dimms": ram._estimate_dimm_count(gb), "watts": ram._calculate_ram_power(gb)}


def load(watts, percent):
    class Meter:
        @staticmethod
        def percent():
            return percent

    cpu = CPU.__new__(CPU)
    cpu._tracking_mode, cpu._tdp, cpu._cpu_load_meter = "machine", watts, Meter
    theirs = cpu._get_power_from_cpu_load().W
    ours = coppice("detect", f"--tdp={watts!r}", f"--load={percent!r}")
    if "error" not in ours:
        ours = ours["cpu"]
    return "power at a load", (watts, percent), ours, {"watts": theirs}


in_parallel(carbon, places())
in_parallel(processor, (case for case, _ in zip(processors(), range(options.names))))
sizes = [*range(1, 4097, options.ram_step), 0.0, 0.5, 1.999, 2.0001, 4.5, 7.7, 15.6, 31.3, 62.7, 128.001, 250.9, 503.5,
         1007.4, 2015.6, 4096.5]
in_parallel(memory, ((size, arm) for size in sizes for arm in (False, True)))
in_parallel(load, ((watts, percent) for watts in (1.0, 95.0, 280.0) for percent in (*range(0, 101, 5), 9.5, 33.3)))

for difference in differences:
    print(difference)
print(f"CodeCarbon {version}, {sum(compared.values())} cases: "
      + ", ".join(f"{count} {kind}" for kind, count in compared.items()) + f"; {len(differences)} differ")
sys.exit(1 if differences else 0)
