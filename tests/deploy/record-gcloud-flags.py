#!/usr/bin/env python3
"""The flags of the gcloud commands that deploy/ uses, from the completion table of an installed Google Cloud CLI.

    tests/deploy/record-gcloud-flags.py /usr/lib/google-cloud-sdk > tests/deploy/gcloud-flags.json

Reads two files of the installation and asks no network. Each flag is "bool", "value" or a list of what it may be.
"""
import importlib.util
import json
import pathlib
import sys

COMMANDS = [
    "artifacts docker images describe",
    "artifacts repositories add-iam-policy-binding",
    "artifacts repositories create",
    "artifacts repositories delete",
    "artifacts repositories describe",
    "artifacts repositories set-cleanup-policies",
    "billing projects link",
    "builds submit",
    "iam service-accounts create",
    "iam service-accounts delete",
    "iam service-accounts describe",
    "projects add-iam-policy-binding",
    "projects create",
    "projects delete",
    "projects remove-iam-policy-binding",
    "auth print-identity-token",
    "run regions list",
    "run revisions list",
    "run services add-iam-policy-binding",
    "run services delete",
    "run services describe",
    "run services replace",
    "run services update-traffic",
    "services enable",
]

sdk = pathlib.Path(sys.argv[1])
spec = importlib.util.spec_from_file_location("completions", sdk / "data/cli/gcloud_completions.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
tree = module.STATIC_COMPLETION_CLI_TREE
commands = {}
for name in COMMANDS:
    node = tree
    for word in name.split():
        node = node["commands"][word]
    commands[name] = dict(sorted(node["flags"].items()))
json.dump(
    {
        "sdk": (sdk / "VERSION").read_text().strip(),
        "global": dict(sorted(tree["flags"].items())),
        "commands": commands,
    },
    sys.stdout,
    indent=1,
)
print()
