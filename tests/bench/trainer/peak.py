"""Runs a command and prints its peak resident memory in MB as the last line of standard output."""
import resource
import subprocess
import sys

code = subprocess.run(sys.argv[1:], check=False).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
sys.exit(code)
