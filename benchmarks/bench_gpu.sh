#!/usr/bin/env bash
# Everything worth measuring on a GPU machine, in under ten minutes and without network:
#   bash benchmarks/bench_gpu.sh | tee results.txt
# Arguments go to benchmarks/bench_gpu.py; PYTHON names another interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."
export HF_HUB_OFFLINE=1 PYTHONPATH=.
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
exec timeout 600 "${PYTHON:-python3}" -m benchmarks.bench_gpu "$@"
