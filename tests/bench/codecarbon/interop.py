#!/usr/bin/env python3
"""CodeCarbon and `coppice track` on one emissions.csv, and on one .codecarbon.config.

  tests/bench/codecarbon/run.sh interop

  1. our file has CodeCarbon's columns in its order, and pandas reads it with numbers where there are numbers;
  2. CodeCarbon's FileOutput accepts our header, appends to our file, and updates a run in it;
  3. `coppice track` appends to a file that CodeCarbon began, and to one with its columns in another order;
  4. both append in turns and at once: no row is lost or shifted;
  5. settings: the same file and variables mean the same to both.

Prints each check; exit code 1 if one fails.
"""
import argparse
import dataclasses
import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile

logging.disable(logging.CRITICAL)

import pandas as pd  # noqa: E402
from codecarbon._version import __version__ as version  # noqa: E402
from codecarbon.core.config import get_hierarchical_config  # noqa: E402
from codecarbon.output_methods.emissions_data import EmissionsData  # noqa: E402
from codecarbon.output_methods.file import FileOutput  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("--program", required=True)
program = str(pathlib.Path(arguments.parse_args().program).resolve())

COLUMNS = [field.name for field in dataclasses.fields(EmissionsData)]
TEXT = {"timestamp", "project_name", "run_id", "experiment_id", "country_name", "country_iso_code", "region", "cloud_provider",
        "cloud_region", "os", "python_version", "codecarbon_version", "cpu_model", "gpu_model", "tracking_mode", "on_cloud"}
failures = 0


def check(what, holds):
    global failures
    failures += not holds
    print(("ok    " if holds else "FAILS ") + what)


def clean_environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.lower().startswith("codecarbon_")}
    return kept | {"HOME": str(home)}


def track(folder, *options, environment=None, cwd=None):
    run = subprocess.run([program, "track", "--quiet", "--json", "--output", str(folder), *options, "--", "true"],
                         capture_output=True, text=True, env=environment or clean_environment(folder), cwd=cwd)
    if run.returncode != 0:
        raise SystemExit(f"coppice track: exit code {run.returncode}: {run.stderr}")
    return json.loads(run.stdout)


def theirs(run_id):
    """A row of CodeCarbon's, with a name that needs quotes and with values that are None."""
    return EmissionsData(
        timestamp="2026-11-24T10:00:00", project_name='a "quoted", name', run_id=run_id, experiment_id=None, duration=1.5,
        emissions=0.25, emissions_rate=0.1, cpu_power=1.0, gpu_power=0.0, ram_power=2.0, cpu_energy=0.1, gpu_energy=0.0,
        ram_energy=0.2, energy_consumed=0.3, water_consumed=0.0, country_name="France", country_iso_code="FRA", region=None,
        cloud_provider="", cloud_region="", os="Linux", python_version="3.11", codecarbon_version=version, cpu_count=2,
        cpu_model="x", gpu_count=None, gpu_model=None, longitude=None, latitude=None, ram_total_size=8.0, tracking_mode="machine")


def rows(folder):
    return pd.read_csv(folder / "emissions.csv")


def sound(frame, run_ids):
    """Every run once and in its columns: a shifted row would have other things here."""
    return (list(frame["run_id"]) == list(run_ids) and set(frame["country_iso_code"]) == {"FRA"}
            and frame["tracking_mode"].isin(["machine", "process"]).all() and (frame["pue"] >= 1).all() and len(frame.columns) == 38)


with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)

    folder = scratch / "ours"
    ours = [track(folder, "--country", "FRA", "--pue", "1.25", "--wue", "2", "--project", 'with, "commas"')["run_id"],
            track(folder, "--country", "FRA")["run_id"]]
    frame = rows(folder)
    check("columns are CodeCarbon's, in its order", list(frame.columns) == COLUMNS)
    check("pandas reads two rows", sound(frame, ours))
    numbers = [column for column in COLUMNS if column not in TEXT]
    check("what should be a number is one", all(pd.api.types.is_numeric_dtype(frame[column]) for column in numbers))
    check("quoted text survives", frame["project_name"][0] == 'with, "commas"')
    total = frame[["cpu_energy", "gpu_energy", "ram_energy"]].sum(axis=1)
    check("parts sum to the whole", ((total - frame["energy_consumed"]).abs() <= 1e-9 * total).all())

    output = FileOutput("emissions.csv", str(folder))
    check("CodeCarbon accepts our header", output.has_valid_headers(theirs("x")))
    output.out(theirs("r-theirs"), None)
    check("CodeCarbon appends to our file", sound(rows(folder), [*ours, "r-theirs"]) and not list(folder.glob("*.bak*")))
    ours.append(track(folder, "--country", "FRA")["run_id"])
    check("coppice appends after it", sound(rows(folder), [*ours[:2], "r-theirs", ours[2]]))
    FileOutput("emissions.csv", str(folder), on_csv_write="update").out(theirs(ours[0]), None)
    check("CodeCarbon updates a run of ours", len(rows(folder)) == 4 and set(rows(folder)["run_id"]) == {*ours, "r-theirs"})

    folder = scratch / "begun by CodeCarbon"
    folder.mkdir()
    FileOutput("emissions.csv", str(folder)).out(theirs("r1"), None)
    second = track(folder, "--country", "FRA")["run_id"]
    check("coppice appends to CodeCarbon's file", sound(rows(folder), ["r1", second]) and not list(folder.glob("*.bak*")))

    folder = scratch / "another order"
    folder.mkdir()
    (folder / "emissions.csv").write_text(",".join(reversed(COLUMNS)) + "\n")
    first = track(folder, "--country", "FRA")["run_id"]
    FileOutput("emissions.csv", str(folder)).out(theirs("r2"), None)
    check("both keep another order of the columns", sound(rows(folder), [first, "r2"])
          and list(rows(folder).columns) == list(reversed(COLUMNS)))

    folder = scratch / "at once"
    track(folder, "--country", "FRA")
    running = [subprocess.Popen([program, "track", "--quiet", "--country", "FRA", "--output", str(folder), "--", "true"],
                                env=clean_environment(folder)) for _ in range(8)]
    for i in range(8):
        FileOutput("emissions.csv", str(folder)).out(theirs(f"r{i}"), None)
    for process in running:
        process.wait()
    check("nine of ours and eight of theirs at once, none lost", len(rows(folder)) == 17 and rows(folder)["run_id"].nunique() == 17)

    home, here = scratch / "home", scratch / "here"
    home.mkdir()
    here.mkdir()
    (home / ".codecarbon.config").write_text(
        "[DEFAULT]\nwho = me\n[codecarbon]\nproject_name = %(who)s at home\nregion = california\npue = 1.5\n")
    (here / ".codecarbon.config").write_text(
        "# local\n[codecarbon]\n  country_iso_code = USA\n  region : washington\n  measure_power_secs=0.5\n  output_file = other.csv\n")
    environment = clean_environment(home) | {"CODECARBON_PUE": "1.25", "codecarbon_wue": "2", "CODECARBON_EXPERIMENT_ID": "e1"}
    ours = track(scratch / "settings", environment=environment, cwd=here)
    row = pd.read_csv(scratch / "settings" / "other.csv").iloc[0]
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(here)
    config = get_hierarchical_config()
    os.chdir(scratch)
    os.environ.clear()
    os.environ.update(kept)
    check("settings: project, country, region", (row["project_name"], row["country_iso_code"], row["region"]) ==
          (config["project_name"], config["country_iso_code"], config["region"]))
    check("settings: pue, wue, experiment", (row["pue"], row["wue"], row["experiment_id"]) ==
          (float(config["pue"]), float(config["wue"]), config["experiment_id"]))
    check("settings: Washington's intensity", abs(ours["energy"]["intensity"]["intensity_g_per_kwh"] - 120.92092195644999) < 1e-9)

print(f"CodeCarbon {version}, pandas {pd.__version__}: {failures} checks failed")
sys.exit(1 if failures else 0)
